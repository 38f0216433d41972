/**
 * The tools that every server under test has: hello, add_numbers, and as many more that add as are wanted.
 */
const additions = {
  type: 'object',
  properties: { a: { type: 'integer' }, b: { type: 'integer' } },
  required: ['a', 'b'],
  additionalProperties: false,
};
const greeting = { type: 'object', properties: { name: { type: 'string' } }, additionalProperties: false };

export const hello = ({ name = 'world' }) => `Hello, ${name.toUpperCase()}!`;
export const add_numbers = ({ a, b }) => String(a + b);

/** The name of the last of `count` tools. */
export const lastTool = (count) => (count > 2 ? `tool_${String(count - 1).padStart(5, '0')}` : 'add_numbers');

/** What tools/list says of `count` tools. */
export function toolList(count) {
  const tools = [
    { name: 'hello', description: 'Greets.', inputSchema: greeting },
    { name: 'add_numbers', description: 'Adds two integers.', inputSchema: additions },
  ];
  for (let number = 2; number < count; number += 1) {
    const description = `Generated tool number ${number}, which adds two integers and answers with their sum.`;
    tools.push({ name: lastTool(number + 1), description, inputSchema: additions });
  }
  return tools;
}

/** The function of a tool. */
export const functionOf = (name) => (name === 'hello' ? hello : add_numbers);

/** How many tools this server is to have: its first argument. */
export const wanted = () => Number(process.argv[2] ?? 2);

/** Where this server is to listen, if it is one over HTTP: its second argument. */
export const port = () => Number(process.argv[3]);
