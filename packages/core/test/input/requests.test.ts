import { elicit, inputRequired, isInputRequired, listRoots, missingCapabilities, sample } from '../../src/input/requests.js';
import type { ClientCapabilities, InputRequest } from '../../src/protocol/messages.js';

const form = elicit('Your name?', { type: 'object', properties: { name: { type: 'string' } } });
const url: InputRequest = {
  method: 'elicitation/create',
  params: { mode: 'url', url: 'https://example.com', message: 'Sign in' },
};
const ask = sample({ messages: [], maxTokens: 10 });
const askWithTools = sample({ messages: [], maxTokens: 10, tools: [] });

describe('a request for input', () => {
  it('is plain data', () => {
    expect(inputRequired({ form }, { step: 1 })).toEqual({
      resultType: 'input_required',
      inputRequests: { form },
      state: { step: 1 },
    });
    expect(inputRequired({ form })).toEqual({ resultType: 'input_required', inputRequests: { form } });
    expect(isInputRequired(JSON.parse(JSON.stringify(inputRequired({ form }))))).toBe(true);
  });

  it.each([null, undefined, 'input_required', { resultType: 'complete' }, [], 5])('is not %p', (value) => {
    expect(isInputRequired(value)).toBe(false);
  });
});

describe('missing capabilities', () => {
  it.each<[string, InputRequest, ClientCapabilities, ClientCapabilities | undefined]>([
    ['a form, of a client that elicits', form, { elicitation: {} }, undefined],
    ['a form, of a client with forms', form, { elicitation: { form: {} } }, undefined],
    ['a form, of a client with URLs only', form, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    ['a form, of a client with nothing', form, {}, { elicitation: { form: {} } }],
    ['a URL, of a client with URLs', url, { elicitation: { url: {} } }, undefined],
    ['a URL, of a client with forms only', url, { elicitation: { form: {} } }, { elicitation: { url: {} } }],
    ['a URL, of a client that elicits', url, { elicitation: {} }, { elicitation: { url: {} } }],
    ['a message, of a client that samples', ask, { sampling: {} }, undefined],
    ['a message, of a client with nothing', ask, {}, { sampling: {} }],
    ['a message with tools, of a client that has no tools', askWithTools, { sampling: {} }, { sampling: { tools: {} } }],
    ['a message with tools, of a client that has', askWithTools, { sampling: { tools: {} } }, undefined],
    ['roots, of a client that has', listRoots(), { roots: {} }, undefined],
    ['roots, of a client with nothing', listRoots(), {}, { roots: {} }],
  ])('%s', (_what, request, has, missing) => {
    expect(missingCapabilities({ request }, has)).toEqual(missing);
  });

  it('are all named in one error', () => {
    expect(missingCapabilities({ form, url, ask, roots: listRoots() }, {})).toEqual({
      elicitation: { form: {}, url: {} },
      sampling: {},
      roots: {},
    });
  });
});
