/**
 * DynamoDB for measurements, in a process of its own: `dynamo.mjs dynalite|null PORT`. `null` says yes to every write at once and keeps
 * nothing, so that it takes little of the machine. Prints a line when it listens.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [kind, port] = process.argv.slice(2);

/** An answer that fits every request: nothing is there, and nothing is left over. */
const EMPTY = JSON.stringify({ Items: [], Count: 0, ScannedCount: 0, UnprocessedItems: {} });

function nothing() {
  return createServer((req, res) => {
    req.resume().on('end', () => {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': EMPTY.length,
        'x-amzn-requestid': 'BENCH',
      };
      res.writeHead(200, headers).end(EMPTY);
    });
  });
}

function dynalite() {
  const require = createRequire(new URL('../../packages/aws/package.json', import.meta.url));
  return require('dynalite')({ createTableMs: 0, updateTableMs: 0 });
}

const server = kind === 'dynalite' ? dynalite() : nothing();
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
process.stdin.resume().once('end', () => process.exit());
