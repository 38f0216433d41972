/** The server that the hosts get: a config file and its module. */

/** The call that the stand-in asks for, what the server says about itself, and what the function answers. */
export const CALL = { name: 'find_customer', arguments: { id: 'C-1234', options: { limit: 3 } } };
export const INSTRUCTIONS = 'Customers and orders of the lab.';
export const ANSWER = 'Customer C-1234 is Ada Lovelace.';

/** The tool that asks Claude Code to show it without a search. */
export const ALWAYS_LOADED = 'count_words';

const text = { type: 'string' };

/** A closed schema with the keywords that hosts are known to rewrite. */
const CLOSED = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'Number of the customer', pattern: '^C-[0-9]+$', minLength: 3 },
    region: { type: 'string', enum: ['north', 'south'], default: 'north' },
    note: { type: ['string', 'null'] },
    since: { type: 'string', format: 'date' },
    options: {
      type: 'object',
      properties: { limit: { type: 'integer', minimum: 1, maximum: 50 }, tags: { type: 'array', items: text } },
      required: ['limit'],
      additionalProperties: false,
    },
  },
  required: ['id'],
  additionalProperties: false,
};
const OPEN = { type: 'object', properties: { text }, required: ['text'] };
const RESULT = { type: 'object', properties: { words: { type: 'integer' } }, required: ['words'] };

const LONG = 'find_all_orders_of_a_customer_that_were_shipped_late_in_the_last_month';
/** Each of a length of its own, around the limits that hosts have for `mcp__lab__`, `mcp_lab_`, `lab__` and `lab-`. */
const LENGTHS = [53, 54, 55, 56, 59, 60, 61, 118, 119, 128];
const NAMES = [CALL.name, 'count_words', ...LENGTHS.map((length) => `n${length}_`.padEnd(length, 'abcdefghij')), LONG];
/** Names that some hosts make the same, among themselves or with those above. */
const TWINS = [`${LONG}_and_write_a_letter_to_each_of_them`, 'book.find', 'book_find', 'page.find', 'page-find'];

/**
 * The tools of the config file.
 *
 * @param twins whether there are tools whose names some hosts make the same
 */
export function toolsOf(twins) {
  return [...NAMES, ...(twins ? TWINS : [])].map((name) => ({
    name,
    description: `Tool ${name}`,
    inputSchema: name === CALL.name ? CLOSED : OPEN,
    ...(name === ALWAYS_LOADED && { outputSchema: RESULT, _meta: { 'anthropic/alwaysLoad': true } }),
  }));
}

/** The config file. */
export function configOf(twins) {
  const tools = toolsOf(twins);
  const link = ({ name }) => ({
    type: 'tool',
    name,
    module_name: './lab.mjs',
    function_name: name === CALL.name ? 'find' : 'other',
  });
  return { name: 'lab', instructions: INSTRUCTIONS, tools, module_links: tools.map(link) };
}

export const MODULE = `export const find = () => ${JSON.stringify(ANSWER)};\nexport const other = () => 'other';\n`;
