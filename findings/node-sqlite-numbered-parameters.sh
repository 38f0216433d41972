#!/usr/bin/env bash
# node:sqlite of Node 22.13 to 22.19 and 24.0 to 24.6, seen on 2026-11-29. Node 22.20 and 24.7 do not do it.
#
# Numbered parameters (`?1`, which SQLite allows to be used more than once) cannot be bound by their place: the statement fails with
# "column index out of range", although it has as many parameters as values. They are taken for named ones. Bound by name, as
# { '?1': … }, they work; libsql and better-sqlite3 bind them by place.
#
# Why it matters: a statement that uses one large value many times is written with `?1`. Rewritten with a plain `?` for each use, it
# binds and copies the value each time: a batch of 1 MB that is used 60 times takes 60 MB.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
arch=$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/')
cat >main.cjs <<'JS'
const { DatabaseSync } = require('node:sqlite');
const statement = new DatabaseSync(':memory:').prepare('SELECT ?1 AS a, ?2 AS b, ?1 AS c');
const outcome = (...values) => {
  try {
    return JSON.stringify(statement.get(...values));
  } catch ({ message }) {
    return message;
  }
};
console.log(`${process.version} by place: ${outcome('x', 'y')}; by name: ${outcome({ '?1': 'x', '?2': 'y' })}`);
JS
for version in 22.19.0 22.20.0 24.6.0 24.7.0; do
  mkdir "$version"
  (cd "$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "node-linux-$arch@$version" >/dev/null)
  "$version/node_modules/node-linux-$arch/bin/node" --no-warnings main.cjs
done | tee seen
both='{"a":"x","b":"y","c":"x"}'
[ "$(cat seen)" = "v22.19.0 by place: column index out of range; by name: $both
v22.20.0 by place: $both; by name: $both
v24.6.0 by place: column index out of range; by name: $both
v24.7.0 by place: $both; by name: $both" ]
