/** The floor: the smallest Node program that answers the same bytes. It parses each line and answers. */
import { result } from './floor-answers.mjs';

let rest = '';
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  let out = '';
  for (const line of lines) {
    const message = JSON.parse(line);
    if (message.id !== undefined) out += `{"jsonrpc":"2.0","id":${message.id},"result":${result(message)}}\n`;
  }
  if (out !== '') process.stdout.write(out);
});
