# Backs the gateway up, and prunes by the rules that are given, if any.
node dist/index.js gateway backup
if [ $# -gt 0 ]; then
  node dist/index.js gateway prune "$@"
fi
