#!/usr/bin/env bash
# Node 20.20.2, seen on 2026-11-28. Node 24 does not do it.
#
# After fs.fstatSync(0) where stdin is a pipe or a socket, the next require() of a module behind a symbolic link is given the path of
# the link instead of the real path. fs.realpathSync looks at the type of the file that was last looked at, wherever that was, and
# stops early. A package that is linked into node_modules (pnpm, npm link, workspaces) then does not find its own dependencies.
#
# Why it matters: a server that hosts start over stdio has a pipe or a socket as stdin, and asks fstat what it is. A lazily loaded
# dependency fails later with "Cannot find module", far from the cause. fs.fstatSync(0, { bigint: true }) has no such effect.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "node-linux-$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/')@20.20.2" >/dev/null
node20=$(echo "$work"/node_modules/node-linux-*/bin/node)
mkdir -p real/pkg
ln -s real/pkg link
echo 'module.exports = __filename.split("/").at(-3);' >real/pkg/index.cjs
echo '' >other.cjs
cat >main.cjs <<'JS'
require('./other.cjs');
const how = process.argv[2];
if (how === 'plain') require('node:fs').fstatSync(0);
if (how === 'bigint') require('node:fs').fstatSync(0, { bigint: true });
console.log(require('./link/index.cjs'));
JS
real=real
look() { echo x | "$node20" main.cjs "$1"; }
none=$(look none) plain=$(look plain) bigint=$(look bigint)
echo "folder that a linked module believes to be in, with a pipe as stdin ($("$node20" --version)):"
echo "  without fstatSync(0):            $none"
echo "  after fstatSync(0):              $plain"
echo "  after fstatSync(0, { bigint }):  $bigint"
[ "$none" = "$real" ] && [ "$bigint" = "$real" ] && [ "$plain" != "$real" ]
