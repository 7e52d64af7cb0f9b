#!/usr/bin/env bash
# Lays out what the image adds to its base, below DIR: the command in /app with what it needs to run, and the mount points.
# Usage: layout.sh DIR, in a clone that is installed and built. The Dockerfile does this, and so do the tests.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")/../.."

if [ -e "$out/app" ]; then
  echo "$out/app is there already" >&2
  exit 1
fi
mkdir -p "$out/home/node/.openclaw" "$out/var/backups/openclawmu"
# The packages as they are declared, with what they need at the versions of the lockfile, and nothing that only builds and tests.
npx -y pnpm@10 --filter @openclaw/cli-shim --prod --prefer-offline --config.inject-workspace-packages=true deploy "$out/app"
