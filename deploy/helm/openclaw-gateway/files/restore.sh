# Restores $1 into an empty volume. One that holds a gateway's state is left alone: every start of the pod runs this. Before a
# restore has everything, it makes nothing here but .restore; one that was cut off while it put things in their places is
# finished by the gateway's start.

# Whether a directory holds nothing but what a file system, a lock, a cut-off restore and a mount point leave in it.
is_empty() {
  for entry in "$1"/* "$1"/.*; do
    case ${entry##*/} in
      '*' | . | .. | '.*' | .restore | lost+found | gateway.lock) ;;
      workspace) [ "$entry" = "${OPENCLAW_WORKSPACE_DIR:-}" ] || return 1 ;;
      *) return 1 ;;
    esac
  done
}

if ! is_empty "$OPENCLAW_STATE_DIR"; then
  echo "The volume holds a gateway's state: nothing is restored. restore.from may be taken out of the values."
  exit 0
fi
if [ -n "${OPENCLAW_WORKSPACE_DIR:-}" ] && ! is_empty "$OPENCLAW_WORKSPACE_DIR"; then
  echo "The state's volume is empty, and the workspace's is not: it would be replaced. Empty it, or give the state back." >&2
  exit 1
fi
exec node dist/index.js gateway restore --from "$1"
