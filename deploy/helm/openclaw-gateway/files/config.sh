# Puts /etc/openclaw/openclaw.json into the state directory: where there is none ($1 is once), or always (overwrite).
file=$OPENCLAW_STATE_DIR/openclaw.json
if [ "$1" = overwrite ] || [ ! -e "$file" ]; then
  umask 077
  cp /etc/openclaw/openclaw.json "$file.new"
  mv "$file.new" "$file"
fi
