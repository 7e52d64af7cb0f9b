# The backup before an uninstall: through the gateway, or from the volume where the gateway is down ($1: volume, no-volume).
# Any other end than 0 stops the uninstall.
end() {
  if [ "$1" -ne 0 ]; then
    echo "There is no final backup, so the uninstall stops here. Nothing was removed." >&2
    echo "To uninstall without one: helm uninstall --no-hooks. See docs/kubernetes.md." >&2
  fi
  exit "$1"
}

# Unreachable (6) may mean that it is just starting.
for pause in 0 5 10; do
  sleep "$pause"
  code=0
  node dist/index.js status >/dev/null || code=$?
  [ "$code" -eq 6 ] || break
done

if [ "$code" -ne 6 ]; then
  code=0
  node dist/index.js gateway backup --pre-delete --verify || code=$?
elif [ "$1" = volume ]; then
  echo "The gateway cannot be reached: the backup is taken from its volume." >&2
  code=0
  node dist/index.js gateway backup --pre-delete --verify --offline || code=$?
else
  echo "The gateway cannot be reached, and its volume is for one pod only (ReadWriteOncePod)." >&2
fi
end "$code"
