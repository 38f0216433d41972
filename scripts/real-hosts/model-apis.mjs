/**
 * How each model API writes tools, tool results and answers. One entry per API:
 *
 * - `path`: where it is served;
 * - `tools(body)`: the tools of a request, as `{ name, namespace, description, schema }`;
 * - `results(body)`: the tool results in a request, as texts, oldest first;
 * - `isStream(body, path)`: whether the answer is a stream;
 * - `whole(reply)` and `stream(reply)`: an answer, where a reply is `{ text }` or `{ call, args }`, a tool and its arguments.
 */
import { randomUUID } from 'node:crypto';

const MODEL = 'stand-in';
/** An id of its own for each answer: some hosts replace a message by a later one with the same id. */
const newId = (prefix) => `${prefix}_${randomUUID()}`;
const now = () => Math.floor(Date.now() / 1000);

/** The text of content, which is a text or a list of blocks. Other blocks are shown as JSON. */
const textOf = (content) =>
  typeof content === 'string'
    ? content
    : (content ?? []).map((block) => (typeof block.text === 'string' ? block.text : JSON.stringify(block))).join('\n');

const anthropic = {
  path: /\/messages$/,
  tools: ({ tools = [] }) => tools.map(({ name, description, input_schema }) => ({ name, description, schema: input_schema })),
  results: ({ messages }) =>
    messages
      .flatMap(({ content }) => (Array.isArray(content) ? content : []))
      .filter(({ type }) => type === 'tool_result')
      .map(({ content }) => textOf(content)),
  isStream: ({ stream }) => stream === true,
  block: ({ text, call, args }) =>
    call === undefined ? { type: 'text', text } : { type: 'tool_use', id: newId('call'), name: call.name, input: args },
  whole(reply) {
    const stop_reason = reply.call === undefined ? 'end_turn' : 'tool_use';
    const usage = { input_tokens: 10, output_tokens: 10 };
    const message = { id: newId('msg'), type: 'message', role: 'assistant', model: MODEL };
    return { ...message, content: [this.block(reply)], stop_reason, stop_sequence: null, usage };
  },
  stream(reply) {
    const { content, stop_reason, ...message } = this.whole(reply);
    const empty = reply.call === undefined ? { ...content[0], text: '' } : { ...content[0], input: {} };
    const delta =
      reply.call === undefined
        ? { type: 'text_delta', text: reply.text }
        : { type: 'input_json_delta', partial_json: JSON.stringify(reply.args) };
    return [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: empty },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 10 } },
      { type: 'message_stop' },
    ].map((data) => ({ event: data.type, data }));
  },
};

const chat = {
  path: /\/chat\/completions$/,
  tools: ({ tools = [] }) =>
    tools.map(({ function: { name, description, parameters } }) => ({ name, description, schema: parameters })),
  results: ({ messages }) => messages.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content)),
  isStream: ({ stream }) => stream === true,
  message({ text, call, args }) {
    if (call === undefined) return { role: 'assistant', content: text };
    const made = { id: newId('call'), type: 'function', function: { name: call.name, arguments: JSON.stringify(args) } };
    return { role: 'assistant', content: null, tool_calls: [made] };
  },
  usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
  whole(reply) {
    const finish_reason = reply.call === undefined ? 'stop' : 'tool_calls';
    const choices = [{ index: 0, message: this.message(reply), finish_reason }];
    return { id: newId('chat'), object: 'chat.completion', created: now(), model: MODEL, choices, usage: this.usage };
  },
  stream(reply) {
    const { choices, usage, ...head } = this.whole(reply);
    const [{ message, finish_reason }] = choices;
    const delta = { ...message, ...(message.tool_calls && { tool_calls: [{ index: 0, ...message.tool_calls[0] }] }) };
    const chunk = (more) => ({ data: { ...head, object: 'chat.completion.chunk', ...more } });
    return [
      chunk({ choices: [{ index: 0, delta, finish_reason: null }] }),
      chunk({ choices: [{ index: 0, delta: {}, finish_reason }], usage }),
      { data: '[DONE]' },
    ];
  },
};

const responses = {
  path: /\/responses$/,
  tools: ({ tools = [] }) =>
    tools.flatMap(({ type, name, description, parameters, tools: inner = [] }) =>
      type === 'namespace'
        ? inner.map((tool) => ({ name: tool.name, namespace: name, description: tool.description, schema: tool.parameters }))
        : [{ name: name ?? type, description, schema: parameters }],
    ),
  results: ({ input }) =>
    Array.isArray(input) ? input.filter(({ type }) => type === 'function_call_output').map(({ output }) => textOf(output)) : [],
  isStream: ({ stream }) => stream === true,
  item({ text, call, args }) {
    if (call === undefined) {
      const content = [{ type: 'output_text', text, annotations: [] }];
      return { type: 'message', id: newId('item'), role: 'assistant', status: 'completed', content };
    }
    const { name, namespace } = call;
    const more = namespace === undefined ? {} : { namespace };
    return {
      type: 'function_call',
      id: newId('item'),
      call_id: newId('call'),
      name,
      ...more,
      arguments: JSON.stringify(args),
      status: 'completed',
    };
  },
  whole(reply) {
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 10,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 20,
    };
    const head = { id: newId('resp'), object: 'response', created_at: now(), status: 'completed', model: MODEL };
    return { ...head, output: [this.item(reply)], usage, error: null, incomplete_details: null };
  },
  stream(reply) {
    const whole = this.whole(reply);
    const [item] = whole.output;
    const begun = { ...whole, status: 'in_progress', output: [], usage: null };
    const place = { item_id: item.id, output_index: 0 };
    const parts =
      reply.call === undefined
        ? [
            { type: 'response.content_part.added', ...place, content_index: 0, part: { ...item.content[0], text: '' } },
            { type: 'response.output_text.delta', ...place, content_index: 0, delta: reply.text },
            { type: 'response.output_text.done', ...place, content_index: 0, text: reply.text },
            { type: 'response.content_part.done', ...place, content_index: 0, part: item.content[0] },
          ]
        : [
            { type: 'response.function_call_arguments.delta', ...place, delta: item.arguments },
            { type: 'response.function_call_arguments.done', ...place, name: item.name, arguments: item.arguments },
          ];
    const empty = reply.call === undefined ? { content: [] } : { arguments: '' };
    return [
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', ...empty } },
      ...parts,
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: whole },
    ].map((data, sequence_number) => ({ event: data.type, data: { ...data, sequence_number } }));
  },
};

const gemini = {
  path: /:(?:stream)?[gG]enerateContent$/,
  tools: ({ tools = [] }) =>
    tools
      .flatMap(({ functionDeclarations = [] }) => functionDeclarations)
      .map(({ name, description, parametersJsonSchema, parameters }) => ({
        name,
        description,
        schema: parametersJsonSchema ?? parameters,
      })),
  results: ({ contents }) =>
    contents
      .flatMap(({ parts = [] }) => parts)
      .filter(({ functionResponse }) => functionResponse !== undefined)
      .map(({ functionResponse }) => JSON.stringify(functionResponse.response)),
  isStream: (_body, path) => path.includes('stream'),
  whole({ text, call, args }) {
    const part = call === undefined ? { text } : { functionCall: { name: call.name, args } };
    const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 10, totalTokenCount: 20 };
    const candidate = { content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 };
    return { candidates: [candidate], usageMetadata, modelVersion: MODEL };
  },
  stream(reply) {
    return [{ data: this.whole(reply) }];
  },
};

export const APIS = [anthropic, chat, responses, gemini];
