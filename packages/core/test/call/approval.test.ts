import { approvalMessage } from '../../src/call/approval-message.js';
import { isMet, needsApproval } from '../../src/call/approval-needed.js';
import type { Approval, ArgumentCondition, Daemon, DaemonOptions, FunctionDefinition, JsonObject } from '../../src/index.js';
import {
  createMemoryStore,
  defineCatalog,
  definePrompt,
  defineResource,
  defineTool,
  elicit,
  inputRequired,
} from '../../src/index.js';
import type { Client } from '../support.js';
import { daemonWith, errorOf, legacy, modern, resultOf, stopClock, textOf, tool, watchedStore } from '../support.js';

const NAME = 'io.mcp-daemon/approval';
const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
const ACCEPT = { action: 'accept', content: {} };

/** A tool that pays, and what it has paid. */
function paying(approve: Approval = 'always', more: JsonObject = {}) {
  const paid: unknown[] = [];
  const pay = tool(
    'pay',
    (args) => {
      paid.push(args['amount']);
      return `paid ${String(args['amount'])}`;
    },
    { approve, description: 'Pays an amount.', ...more },
  );
  return { pay, paid };
}

const asks = (daemon: Daemon, subject?: string): Client =>
  modern(daemon, { meta, ...(subject === undefined ? {} : { identity: { subject } }) });

/** The state of the question that a call is answered with. */
async function asked(client: Client, args: JsonObject = { amount: 5 }, more: JsonObject = {}): Promise<string> {
  const result = resultOf(await client.call('pay', args, more));
  expect(result['resultType']).toBe('input_required');
  expect(Object.keys(result['inputRequests'] as JsonObject)).toEqual([NAME]);
  return result['requestState'] as string;
}

const answer = (requestState: unknown, response: JsonObject = ACCEPT): JsonObject => ({
  requestState,
  inputResponses: { [NAME]: response },
});

describe('a call that needs approval, in the modern era', () => {
  it('asks its user, with what will run and the arguments, before it runs', async () => {
    const { pay, paid } = paying();
    const result = resultOf(await asks(daemonWith([pay])).call('pay', { amount: 5, to: 'Ann' }));
    const message = 'May "pay" run?\n\nPays an amount.\n\nArguments:\n{\n  "amount": 5,\n  "to": "Ann"\n}';
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: {
        [NAME]: {
          method: 'elicitation/create',
          params: { mode: 'form', message, requestedSchema: { type: 'object', properties: {} } },
        },
      },
      requestState: expect.any(String) as string,
    });
    expect(paid).toEqual([]);
  });

  it('runs when the user has approved it, and its record says who did', async () => {
    const { pay, paid } = paying();
    const { store, rows } = watchedStore();
    const client = asks(daemonWith([pay], { store }), 'ann');
    const done = await client.call('pay', { amount: 5 }, answer(await asked(client)));
    expect(textOf(done)).toBe('paid 5');
    expect(paid).toEqual([5]);
    expect(rows().map(({ status, notes }) => [status, notes])).toEqual([
      ['completed', 'approval required'],
      ['completed', expect.stringMatching(/^approved by ann at \d{4}-\d\d-\d\dT[\d:.]+Z$/)],
    ]);
  });

  it.each([
    ['decline', 'The user declined to run "pay" with these arguments. It did not run.', 'approval declined by ann at '],
    ['cancel', 'The user closed the question whether "pay" may run. It did not run.', 'approval not given by ann at '],
    ['yes', 'The user closed the question', 'approval not given'],
  ])('does not run when the answer is "%s": the model is told, and the record', async (action, message, notes) => {
    const { pay, paid } = paying();
    const { store, rows } = watchedStore();
    const client = asks(daemonWith([pay], { store }), 'ann');
    const end = resultOf(await client.call('pay', { amount: 5 }, answer(await asked(client), { action })));
    expect(end).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(message) as string }] });
    expect(rows().at(-1)).toMatchObject({ status: 'failed', fault: 'tool', notes: expect.stringContaining(notes) as string });
    expect(paid).toEqual([]);
  });

  it('needs a client that can ask', async () => {
    const { pay, paid } = paying();
    const error = errorOf(await modern(daemonWith([pay])).call('pay', { amount: 5 }));
    expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: { elicitation: { form: {} } } } });
    expect(error.message).toBe(
      '"pay" must be approved by its user before it runs, which needs a client that supports elicitation; this client has not declared it.',
    );
    expect(paid).toEqual([]);
  });

  it('asks nobody about arguments that the function would refuse, and shows those that are filled in', async () => {
    const schema = { type: 'object', required: ['amount'], properties: { amount: {}, currency: { default: 'EUR' } } };
    const { pay } = paying('always', { inputSchema: schema });
    const client = asks(daemonWith([pay]));
    expect(resultOf(await client.call('pay', {}))).toMatchObject({ isError: true });
    expect(JSON.stringify(resultOf(await client.call('pay', { amount: 1 })))).toContain('EUR');
  });
});

describe('the approval of a call', () => {
  it('cannot be given without the state of its question', async () => {
    const { pay, paid } = paying();
    const client = asks(daemonWith([pay]));
    await asked(client, { amount: 5 }, { inputResponses: { [NAME]: ACCEPT } });
    expect(paid).toEqual([]);
  });

  it('cannot be given with the state of a question that the function asked', async () => {
    const { pay, paid } = paying({ when: [{ path: '$.amount', greater_than: 100 }] });
    const nosy = tool('nosy', () => inputRequired({ [NAME]: elicit('Well?', { type: 'object', properties: {} }) }, 'x'));
    const client = asks(daemonWith([pay, nosy]));
    const { requestState } = resultOf(await client.call('nosy'));
    expect(errorOf(await client.call('pay', { amount: 500 }, answer(requestState))).code).toBe(-32602);
    expect(paid).toEqual([]);
  });

  it('does not hold for other arguments, for another function, for another user or in another partition', async () => {
    const { pay, paid } = paying();
    const refund = tool('refund', () => paid.push('refund'), { approve: 'always' });
    const daemon = daemonWith([pay, refund]);
    const client = asks(daemon, 'ann');
    const refused = [
      [client, 'pay', { amount: 6 }],
      [client, 'refund', { amount: 5 }],
      [asks(daemon, 'bob'), 'pay', { amount: 5 }],
    ] as const;
    for (const [caller, name, args] of refused) {
      const error = errorOf(await caller.call(name, args, answer(await asked(client))));
      expect(error.message).toContain('requestState was refused');
    }
    expect(paid).toEqual([]);
  });

  it('is for one use: a replayed state runs nothing', async () => {
    const { pay, paid } = paying();
    const client = asks(daemonWith([pay]));
    const given = answer(await asked(client));
    const both = await Promise.all([client.call('pay', { amount: 5 }, given), client.call('pay', { amount: 5 }, given)]);
    expect(both.filter((one) => 'result' in one)).toHaveLength(1);
    const error = errorOf(await client.call('pay', { amount: 5 }, given));
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('its approval was used already') as string });
    expect(paid).toEqual([5]);
  });

  it('is for one use in all processes that share a store and a secret', async () => {
    const { pay, paid } = paying();
    const store = { ...createMemoryStore(), close: () => undefined };
    const options: Partial<DaemonOptions> = { store, stateSecret: 'shared' };
    const [one, two] = [asks(daemonWith([pay], options)), asks(daemonWith([pay], options))];
    const given = answer(await asked(one));
    expect(textOf(await two.call('pay', { amount: 5 }, given))).toBe('paid 5');
    expect(errorOf(await one.call('pay', { amount: 5 }, given)).code).toBe(-32602);
    expect(paid).toEqual([5]);
  });

  it('is also used up by a decline', async () => {
    const { pay, paid } = paying();
    const client = asks(daemonWith([pay]));
    const requestState = await asked(client);
    await client.call('pay', { amount: 5 }, answer(requestState, { action: 'decline' }));
    expect(errorOf(await client.call('pay', { amount: 5 }, answer(requestState))).code).toBe(-32602);
    expect(paid).toEqual([]);
  });

  it('is asked for again after its time', async () => {
    const pass = stopClock();
    const { pay, paid } = paying();
    const client = asks(daemonWith([pay], { limits: { approvalMs: 1_000 } }));
    const requestState = await asked(client);
    await pass(1_000);
    const next = await asked(client, { amount: 5 }, answer(requestState));
    expect(next).not.toBe(requestState);
    expect(paid).toEqual([]);
  });

  it('is asked for again when the catalog has changed', async () => {
    const { pay, paid } = paying();
    const daemon = daemonWith([pay]);
    const client = asks(daemon);
    const requestState = await asked(client);
    daemon.update(defineCatalog({ functions: [pay], instructions: 'new' }));
    const next = await asked(client, { amount: 5 }, answer(requestState));
    expect(paid).toEqual([]);
    expect(textOf(await client.call('pay', { amount: 5 }, answer(next)))).toBe('paid 5');
  });

  it('is asked for again when the state comes without an answer', async () => {
    const { pay, paid } = paying();
    const client = asks(daemonWith([pay]));
    const requestState = await asked(client);
    await asked(client, { amount: 5 }, { requestState });
    expect(paid).toEqual([]);
  });

  it('does not run the function when the store cannot say whether it was used', async () => {
    const { pay, paid } = paying();
    const memory = createMemoryStore();
    const store = { ...memory, state: { ...memory.state!, put: () => Promise.reject(new Error('busy')) } };
    const client = asks(daemonWith([pay], { store }));
    const end = resultOf(await client.call('pay', { amount: 5 }, answer(await asked(client))));
    expect(end).toMatchObject({ isError: true, _meta: { 'io.mcp-daemon/retryAfterMs': 1_000 } });
    expect(paid).toEqual([]);
  });
});

describe('a function that needs approval and asks its own questions', () => {
  /** Asks for a name, then pays; `seen` has the answers that it got. */
  function wizard() {
    const seen: JsonObject[] = [];
    const pay = tool(
      'pay',
      (_args, { inputs, state }) => {
        seen.push({ inputs, state });
        if (inputs['to'] === undefined) return inputRequired({ to: elicit('To?', { type: 'object', properties: {} }) }, 'kept');
        return 'paid';
      },
      { approve: 'always' },
    );
    return { pay, seen };
  }
  const to = { to: { action: 'accept', content: { name: 'Ann' } } };

  it('is approved once, and gets its own answers alone', async () => {
    const { pay, seen } = wizard();
    const { store, rows } = watchedStore();
    const client = asks(daemonWith([pay], { store }));
    const second = resultOf(await client.call('pay', { amount: 5 }, answer(await asked(client))));
    expect(Object.keys(second['inputRequests'] as JsonObject)).toEqual(['to']);
    const third = { requestState: second['requestState'], inputResponses: to };
    expect(textOf(await client.call('pay', { amount: 5 }, third))).toBe('paid');
    expect(seen).toEqual([
      { inputs: {}, state: undefined },
      { inputs: to, state: 'kept' },
    ]);
    expect(rows().map(({ notes }) => notes?.replace(/ at .*?Z/, ''))).toEqual([
      'approval required',
      'approved by anonymous; input required',
      'approved by anonymous',
    ]);
    expect(errorOf(await client.call('pay', { amount: 5 }, third)).message).toContain('used already');
    expect(seen).toHaveLength(2);
  });

  it('works the same for a legacy client, in one call with one record', async () => {
    const { pay, seen } = wizard();
    const { store, rows } = watchedStore();
    const client = await legacy(daemonWith([pay], { store }), { capabilities: { elicitation: {} } });
    client.onRequest = ({ params }) => ({ result: String(params?.['message']).startsWith('May') ? ACCEPT : to.to });
    expect(textOf(await client.call('pay', { amount: 5 }))).toBe('paid');
    expect(client.of('elicitation/create')).toHaveLength(2);
    expect(seen).toEqual([
      { inputs: {}, state: undefined },
      { inputs: to, state: 'kept' },
    ]);
    expect(rows().map(({ notes }) => notes)).toEqual([expect.stringMatching(/^approved by anonymous at/)]);
  });
});

describe('a call that needs approval, of a legacy client', () => {
  it.each(['2025-06-18', '2025-11-25'])('asks by elicitation (%s)', async (version) => {
    const { pay, paid } = paying();
    const client = await legacy(daemonWith([pay]), { version, capabilities: { elicitation: {} } });
    client.onRequest = () => ({ result: ACCEPT });
    expect(textOf(await client.call('pay', { amount: 5 }))).toBe('paid 5');
    expect(client.of('elicitation/create')).toEqual([
      expect.objectContaining({ message: expect.stringContaining('"pay"') as string }),
    ]);
    expect(paid).toEqual([5]);
  });

  it.each(['decline', 'cancel'])('does not run after "%s"', async (action) => {
    const { pay, paid } = paying();
    const client = await legacy(daemonWith([pay]), { capabilities: { elicitation: {} } });
    client.onRequest = () => ({ result: { action } });
    expect(resultOf(await client.call('pay', { amount: 5 }))).toMatchObject({ isError: true });
    expect(paid).toEqual([]);
  });

  it('tells a client that cannot be asked, and takes no answers from parameters', async () => {
    const { pay, paid } = paying();
    const client = await legacy(daemonWith([pay]));
    const end = resultOf(await client.call('pay', { amount: 5 }, { inputResponses: { [NAME]: ACCEPT } }));
    expect(JSON.stringify(end)).toContain('must be approved by its user before it runs');
    expect(end['isError']).toBe(true);
    expect(paid).toEqual([]);
  });

  it('does not run when the client refuses to ask, or leaves', async () => {
    const { pay, paid } = paying();
    const client = await legacy(daemonWith([pay]), { capabilities: { elicitation: {} } });
    client.onRequest = () => ({ error: { code: -1, message: 'no window' } });
    expect(JSON.stringify(resultOf(await client.call('pay', { amount: 5 })))).toContain('no window');
    expect(paid).toEqual([]);
  });
});

describe('approval with an idempotency key', () => {
  const key = { _meta: { 'io.mcp-daemon/idempotencyKey': 'k' } };

  it('is asked once, and the call runs once', async () => {
    const { pay, paid } = paying();
    const client = asks(daemonWith([pay]));
    const requestState = await asked(client, { amount: 5 }, key);
    expect(await asked(client, { amount: 5 }, key)).toBe(requestState);
    const given = { ...answer(requestState), ...key };
    for (let times = 0; times < 3; times += 1) expect(textOf(await client.call('pay', { amount: 5 }, given))).toBe('paid 5');
    expect(textOf(await client.call('pay', { amount: 5 }, key))).toBe('paid 5');
    expect(paid).toEqual([5]);
  });

  it('keeps a decline, but not a question that was closed', async () => {
    const { pay, paid } = paying();
    const client = asks(daemonWith([pay]));
    const first = await asked(client, { amount: 5 }, key);
    await client.call('pay', { amount: 5 }, { ...answer(first, { action: 'cancel' }), ...key });
    const second = await asked(client, { amount: 5 }, key);
    await client.call('pay', { amount: 5 }, { ...answer(second, { action: 'decline' }), ...key });
    expect(JSON.stringify(resultOf(await client.call('pay', { amount: 5 }, key)))).toContain('The user declined');
    expect(paid).toEqual([]);
  });
});

describe('approval of other functions', () => {
  it('is asked for resources and prompts that always need it', async () => {
    const secret = defineResource({ name: 'secret', uri: 'a://secret', approve: 'always', run: () => 'x' });
    const greet = definePrompt({
      name: 'greet',
      approve: { when: [{ path: '$.who', equals: 'all' }] },
      arguments: [{ name: 'who' }],
      run: () => 'hi',
    });
    const client = asks(daemonWith([secret, greet]));
    const read = resultOf(await client.request('resources/read', { uri: 'a://secret' }));
    expect(JSON.stringify(read['inputRequests'])).toContain('a://secret');
    const done = await client.request('resources/read', { uri: 'a://secret', ...answer(read['requestState']) });
    expect(resultOf(done)).toMatchObject({ contents: [{ text: 'x' }] });
    expect(resultOf(await client.request('prompts/get', { name: 'greet', arguments: { who: 'ann' } }))).toHaveProperty(
      'messages',
    );
    expect(resultOf(await client.request('prompts/get', { name: 'greet', arguments: { who: 'all' } }))).toHaveProperty(
      'inputRequests',
    );
  });
});

describe('when a call needs approval', () => {
  const of = (approve: Approval, annotations?: JsonObject): FunctionDefinition =>
    defineTool({ name: 't', approve, run: () => 1, ...(annotations === undefined ? {} : { annotations }) });

  it.each<[Approval, JsonObject | undefined, boolean]>([
    ['always', { readOnlyHint: true }, true],
    ['never', { destructiveHint: true }, false],
    ['destructive', undefined, true],
    ['destructive', {}, true],
    ['destructive', { destructiveHint: true }, true],
    ['destructive', { destructiveHint: false }, false],
    ['destructive', { readOnlyHint: true }, false],
    ['destructive', { readOnlyHint: true, destructiveHint: true }, false],
    ['destructive', { readOnlyHint: false }, true],
  ])('"%s" with the annotations %j: %s', (approve, annotations, needed) => {
    expect(needsApproval(of(approve, annotations), {})).toBe(needed);
  });

  it.each<[ArgumentCondition, unknown, boolean]>([
    [{ path: '$.amount', greater_than: 100 }, { amount: 101 }, true],
    [{ path: '$.amount', greater_than: 100 }, { amount: 100 }, false],
    [{ path: '$.amount', greater_than: 100 }, {}, false],
    [{ path: '$.amount', greater_than: 100 }, { amount: '1' }, true],
    [{ path: '$.amount', greater_than: 100 }, { amount: null }, true],
    [{ path: '$.amount', less_than: 0 }, { amount: -1 }, true],
    [{ path: '$.amount', less_than: 0 }, { amount: 0 }, false],
    [{ path: '$.amount', greater_than: 1, less_than: 3 }, { amount: 2 }, true],
    [{ path: '$.amount', greater_than: 1, less_than: 3 }, { amount: 3 }, false],
    [{ path: '$.items[*].price', greater_than: 10 }, { items: [{ price: 1 }, { price: 11 }] }, true],
    [{ path: '$.items[*].price', greater_than: 10 }, { items: [{ price: 1 }, { price: 10 }] }, false],
    [{ path: '$.to', equals: { a: [1] } }, { to: { a: [1.0] } }, true],
    [{ path: '$.to', equals: null }, { to: null }, true],
    [{ path: '$.to', equals: null }, {}, false],
    [{ path: '$.to', one_of: ['a', 'b'] }, { to: 'b' }, true],
    [{ path: '$.to', one_of: ['a', 'b'] }, { to: 'c' }, false],
    [{ path: '$.to', not_one_of: ['a', 'b'] }, { to: 'c' }, true],
    [{ path: '$.to', not_one_of: ['a', 'b'] }, { to: 'a' }, false],
    [{ path: '$.force', exists: true }, { force: false }, true],
    [{ path: '$.force', exists: true }, {}, false],
    [{ path: '$.dry_run', exists: false }, {}, true],
    [{ path: '$.dry_run', exists: false }, { dry_run: true }, false],
    [{ path: '$.constructor', exists: true }, {}, false],
    [{ path: '$.__proto__', exists: true }, {}, false],
    [{ path: '$.list[0]', equals: 1 }, { list: [1] }, true],
    [{ path: '$.list.length', exists: true }, { list: [1] }, false],
  ])('the condition %j on %j: %s', (condition, input, met) => {
    expect(isMet(condition, input)).toBe(met);
    expect(needsApproval(of({ when: [condition] }), input)).toBe(met);
  });

  it('is when one of several conditions is met', () => {
    const approve: Approval = {
      when: [
        { path: '$.a', equals: 1 },
        { path: '$.b', equals: 1 },
      ],
    };
    expect([{}, { a: 1 }, { b: 1 }].map((input) => needsApproval(of(approve), input))).toEqual([false, true, true]);
  });

  it('is refused by defineCatalog if it could never be met', () => {
    const wrong = { ...of('always'), approve: { when: [{ path: 'amount' }] } } as FunctionDefinition;
    expect(() => defineCatalog({ functions: [wrong] })).toThrow(
      /\$\[0\]\.approve\.when\[0\]\.path: must be a JSON path[^]*needs a comparison/,
    );
  });

  it('runs a call at once that needs none', async () => {
    const { pay, paid } = paying({ when: [{ path: '$.amount', greater_than: 100 }] });
    const client = asks(daemonWith([pay]));
    expect(textOf(await client.call('pay', { amount: 100 }))).toBe('paid 100');
    await asked(client, { amount: 101 });
    expect(paid).toEqual([100]);
  });
});

describe('the question', () => {
  const of = (more: JsonObject): FunctionDefinition => tool('pay', () => 1, more);

  it('has title, name, description and effect', () => {
    const message = approvalMessage(
      of({ title: 'Pay', description: 'Pays\n\nmoney.', annotations: { destructiveHint: true } }),
      {},
    );
    expect(message).toBe('May "Pay" (pay) run?\n\nPays money.\nIt may change or delete things.\n\nArguments:\n{}');
  });

  it('shows characters that could hide or turn others', () => {
    const message = approvalMessage(of({}), { to: 'bob\u202egpj.exe\u200b\u2066', line: 'a\nb', tag: '\u{e0041}', '\u061c': 1 });
    expect(message).toContain('bob\\u202egpj.exe\\u200b\\u2066');
    expect(message).toContain('"a\\nb"');
    expect(message).toContain('\\udb40\\udc41');
    expect(message).toContain('"\\u061c"');
  });

  it('says what it does not show of long arguments', () => {
    const message = approvalMessage(of({ description: 'd'.repeat(2_000) }), { text: 'x'.repeat(5_000) });
    expect(message).toContain('(5000 characters, cut here)');
    expect(message.length).toBeLessThan(2_000);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`key${at}`, at]));
    expect(approvalMessage(of({}), many)).toMatch(/\(\d+ characters, cut here: not all arguments are shown\)$/);
  });

  it("shows arguments that records redact: they are the user's own", () => {
    expect(approvalMessage(of({ record: { redact: ['$.card'] } }), { card: '4242' })).toContain('4242');
  });
});
