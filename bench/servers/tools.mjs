/**
 * The tools of every server under test: hello, add_numbers, and any number of further tools that add.
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
/** Adds after a while. */
export const add_slowly = (numbers) => new Promise((resolve) => setTimeout(() => resolve(add_numbers(numbers)), 300));

/** The name of the last of `count` tools. */
export const lastTool = (count) => (count > 2 ? `tool_${String(count - 1).padStart(5, '0')}` : 'add_numbers');

/** The entries of tools/list for `count` tools. */
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

/** The number of tools of this server: its first argument. */
export const wanted = () => Number(process.argv[2] ?? 2);

/** The port of an HTTP server: its second argument. */
export const port = () => Number(process.argv[3]);
