#!/usr/bin/env bash
# Lays out the file system of the image without a container engine: what layout.sh makes, and of the image's base what the
# gateway and the runbooks use, taken from this machine (Debian 12, like the base). Good to run from with chroot.
# Usage: rootfs.sh DIR, in a clone that is installed and built.
set -euo pipefail
out=$(realpath -m "$1")

"$(dirname "$0")/layout.sh" "$out"
mkdir -p "$out"/{bin,dev,etc,lib,lib64,proc,tmp,usr/bin,usr/lib}
chmod 1777 "$out/tmp"

# Programs go to /usr/bin with the libraries that they are linked with at the paths that the linker looks at.
add() {
  local program
  program=$(command -v "$1")
  cp -L "$program" "$out/usr/bin/$1"
  { ldd "$program" || true; } | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$out$(dirname "$library")"
    [ -e "$out$library" ] || cp -L "$library" "$out$library"
  done
}
for program in node sh tar gzip rm cp mv cat ls chmod mkdir sleep sync sha256sum env; do add "$program"; done
ln -s ../usr/bin/sh "$out/bin/sh"

echo 'node:x:1000:1000:node:/home/node:/bin/sh' >"$out/etc/passwd"
echo 'node:x:1000:' >"$out/etc/group"
echo 'hosts: files' >"$out/etc/nsswitch.conf"
