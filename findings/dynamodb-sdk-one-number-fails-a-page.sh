#!/usr/bin/env bash
# @aws-sdk/util-dynamodb 3.996.9, seen on 2026-11-29 (Node 20.20.2).
#
# unmarshall(), which the document client applies to every answer, reads an integer beyond 2^53 as a BigInt, which JSON.stringify
# refuses, and throws on a larger number with a fraction or an exponent. Both are valid numbers for DynamoDB, and writers in other
# languages store them: PynamoDB writes the float 1e21 as "1e+21". In a list, one such row fails the whole page, without its key.
#
# Why it matters: a server that reads tables which a Python program wrote must decode numbers itself, or one odd row hides a partition.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @aws-sdk/util-dynamodb@3.996.9 @aws-sdk/client-dynamodb@3.1169.0 >/dev/null
cat >main.cjs <<'JS'
const { unmarshall } = require('@aws-sdk/util-dynamodb');
const outcome = (text, options) => {
  try {
    const { n } = unmarshall({ n: { N: text } }, options);
    let json = 'JSON';
    try {
      JSON.stringify(n);
    } catch {
      json = 'no JSON';
    }
    return `${typeof n}, ${json}`;
  } catch (error) {
    return `throws ${error.name}`;
  }
};
for (const text of ['1500.0', '12345678901234567890', '12345678901234567.5', '1e+21']) console.log(`${text}: ${outcome(text)}`);
console.log(`1e+21 with wrapNumbers: Number: ${outcome('1e+21', { wrapNumbers: Number })}`);
JS
seen=$(node main.cjs)
echo "$seen"
[ "$seen" = "1500.0: number, JSON
12345678901234567890: bigint, no JSON
12345678901234567.5: throws Error
1e+21: throws Error
1e+21 with wrapNumbers: Number: number, JSON" ]
