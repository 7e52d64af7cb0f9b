#!/usr/bin/env bash
# unpack-radosgw.sh ROOT
# Fetches the Debian 12 packages that a throw-away radosgw needs and unpacks them
# into ROOT, without installing anything: no root rights, no services, no lvm2,
# sudo or cryptsetup pulled in. Then: RGW_ROOT=ROOT start-radosgw.sh DIR PORT.
# Does nothing if ROOT is already filled. Needs fresh apt lists (apt-get update).
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 ROOT" >&2; exit 2; }
mkdir -p "$1"; ROOT=$(cd "$1" && pwd -P)
[ -e "$ROOT/.complete" ] && exit 0
# The programs, then the libraries that a plain Debian 12 may lack.
WANT="radosgw ceph-mon ceph-osd ceph-base ceph-common librados2 python3-rados python3-ceph-argparse python3-prettytable python3-wcwidth
libboost-context1.74.0 libboost-thread1.74.0 libboost-filesystem1.74.0 libboost-iostreams1.74.0
libaio1 libdaxctl1 libfmt9 libfuse2 libibverbs1 libleveldb1d liblua5.3-0 libndctl6 libnl-3-200
libnl-route-3-200 liboath0 libpmem1 librabbitmq4 librdmacm1 libsnappy1v5"
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
[ "$(id -u)" = 0 ] && chmod 755 "$T"
(cd "$T" && timeout 300 apt-get -o APT::Sandbox::User=root download $WANT >apt.out 2>&1) || { cat "$T/apt.out" >&2; echo "unpack-radosgw: download failed (apt-get update first?)" >&2; exit 1; }
for d in "$T"/*.deb; do dpkg-deb -x "$d" "$ROOT"; done
rm -rf "$ROOT"/usr/share "$ROOT"/lib/systemd "$ROOT"/etc "$ROOT"/var
missing=$(LD_LIBRARY_PATH=$(echo "$ROOT"/usr/lib/*-linux-gnu):$(echo "$ROOT"/usr/lib/*-linux-gnu/ceph):$(echo "$ROOT"/lib/*-linux-gnu) ldd "$ROOT"/usr/bin/{ceph-mon,ceph-osd,radosgw,radosgw-admin} | grep 'not found' | sort -u || true)
[ -z "$missing" ] || { echo "unpack-radosgw: libraries missing on this machine:" >&2; echo "$missing" >&2; exit 1; }
touch "$ROOT/.complete"
