import { until } from '../../../../tests/until.js';
import type { NormalUri } from '../../src/base/uri.js';
import type { UriMatcher } from '../../src/base/uri-template.js';
import { compileUriTemplate } from '../../src/base/uri-template.js';
import { createEventBus } from '../../src/events/bus.js';
import { Slices } from '../../src/events/slices.js';
import type { Subscriber, SubscriptionIndex } from '../../src/events/subscription-index.js';
import { createSubscriptionIndex } from '../../src/events/subscription-index.js';
import type { FunctionDefinition, LinkBinding } from '../../src/index.js';
import { defineCatalog, defineResource } from '../../src/index.js';
import type { Client } from '../support.js';
import { daemonWith, legacy, listening, modern, resultOf, turns } from '../support.js';

const link: LinkBinding = { kind: 'link', package_name: 'p', module_name: 'm', function_name: 'f', setting: {} };
const template = (uriTemplate: string): FunctionDefinition => ({
  ...defineResource({ name: uriTemplate, uriTemplate, run: (uri) => uri }),
  binding: link,
});

const updated = (client: Client): unknown[] => client.of('notifications/resources/updated').map(({ uri }) => uri);

async function listen(client: Client, resourceSubscriptions: string[], id = 'listen'): Promise<void> {
  void client.request('subscriptions/listen', { notifications: { resourceSubscriptions } }, id);
  await listening(client, id);
  client.told.splice(0);
}

describe('subscriptions to the resources of templates', () => {
  it('are found whether they were made before the template was added or after', async () => {
    const daemon = daemonWith([template('a://{id}')]);
    const client = modern(daemon);
    await listen(client, ['a://1', 'b://1']);
    daemon.update(defineCatalog({ functions: [template('a://{id}'), template('b://{id}')] }));
    client.told.splice(0);
    daemon.reload();
    expect(updated(client)).toEqual(['a://1', 'b://1']);
    await listen(client, ['b://2', 'b://1'], 'another');
    daemon.reload();
    expect(updated(client).sort()).toEqual(['a://1', 'b://1', 'b://1', 'b://2']);
  });

  it('are notified once of a resource that two templates match, for each of them', async () => {
    const daemon = daemonWith([template('a://{id}'), template('{+any}')]);
    const client = modern(daemon);
    await listen(client, ['a://1']);
    daemon.reload();
    expect(updated(client)).toEqual(['a://1', 'a://1']);
  });

  it('are matched with a changed template immediately, even if they wait for their turn', async () => {
    const daemon = daemonWith([template('a://{id}')]);
    const client = await legacy(daemon);
    resultOf(await client.request('resources/subscribe', { uri: 'a://1' }));
    daemon.reload();
    expect(updated(client)).toEqual(['a://1']);
    await turns();
    daemon.reload();
    expect(updated(client)).toEqual(['a://1', 'a://1']);
    await client.request('resources/unsubscribe', { uri: 'a://1' });
    daemon.reload();
    expect(updated(client)).toHaveLength(2);
  });

  it('of one client end without those of another, and of another partition are apart', async () => {
    const functions = [template('a://{id}')];
    const catalog = defineCatalog({ functions });
    const catalogs = { load: (name: string) => (['one', 'two'].includes(name) ? catalog : undefined) };
    const daemon = daemonWith([], { catalogs, catalog: undefined } as never);
    const [first, second] = ['one', 'one'].map((partition) => modern(daemon, { identity: { partition } }));
    const other = modern(daemon, { identity: { partition: 'two' } });
    for (const client of [first, second, other]) await listen(client as Client, ['a://1']);
    first?.session.close();
    daemon.events.publish({ type: 'template_updated', partition: 'one', uriTemplate: 'a://{id}' });
    expect([first, second, other].map((client) => updated(client as Client))).toEqual([[], ['a://1'], []]);
  });

  it('are notified in whatever form a client wrote the URI', async () => {
    const daemon = daemonWith([template('HTTP://Example.com/%7Ea/{id}')]);
    const client = modern(daemon);
    await listen(client, ['http://EXAMPLE.com/%7ea/1', 'http://example.com/~a/1', 'HTTP://example.com']);
    daemon.events.publish({ type: 'resource_updated', partition: 'default', uri: 'http://example.com/%7Ea/1' });
    daemon.events.publish({ type: 'resource_updated', partition: 'default', uri: 'http://example.com/' });
    daemon.reload();
    await until(() => updated(client).length >= 5, 'all notifications');
    const [first, second] = ['http://EXAMPLE.com/%7ea/1', 'http://example.com/~a/1'];
    expect(updated(client)).toEqual([second, first, 'HTTP://example.com', first, second]);
  });
});

/** An index whose templates count their work. */
function countingIndex(slices?: Slices): {
  index: SubscriptionIndex;
  publish: (uriTemplate: string) => void;
  matched: NormalUri[];
  errors: unknown[];
} {
  const matched: NormalUri[] = [];
  const errors: unknown[] = [];
  const bus = createEventBus((error) => errors.push(error));
  const limits = { maxSubscriptions: 1e6, maxSubscriptionCharacters: 1e9, maxSubscriptionCharactersPerUser: 1e9 };
  const compile = (text: string): UriMatcher => {
    const matcher = compileUriTemplate(text);
    const refuse = (): never => {
      throw new Error('a URI would be normalized once more');
    };
    return { ...matcher, match: refuse, matchNormal: (uri) => (matched.push(uri), matcher.matchNormal(uri)) };
  };
  const onError = (error: unknown): void => void errors.push(error);
  const index = createSubscriptionIndex(bus, limits, { compile, onError, ...(slices === undefined ? {} : { slices }) });
  const publish = (uriTemplate: string): void => bus.publish({ type: 'template_updated', partition: 'p', uriTemplate });
  return { index, publish, matched, errors };
}

const subscriberOf = (resourceUpdated: (uri: string) => void): Subscriber => ({
  ...{ partition: 'p', subject: 's', lists: { tools: false, prompts: false, resources: false } },
  listChanged: () => undefined,
  resourceUpdated,
});

describe('the work of subscriptions', () => {
  const templates = Array.from({ length: 20 }, (_, index) => `item://{+path}/part${index}/{id}`);
  const uris = Array.from({ length: 500 }, (_, index) => `item://${'x'.repeat(1_000)}/part${index % 20}/${index}`);

  it('is one normal form for a URI and one match for a URI and a template, however many events there are', async () => {
    const { index, publish, matched } = countingIndex();
    const told: string[] = [];
    const subscriptions = [1, 2, 3].map(() => index.subscribe(subscriberOf((uri) => told.push(uri))));
    for (const subscription of subscriptions) for (const uri of uris) subscription.add(uri, templates.slice(0, 10));
    for (let round = 0; round < 3; round += 1) for (const each of templates.slice(0, 10)) publish(each);
    await until(() => told.length >= 250 * 3 * 3, 'all notifications');
    expect(matched).toHaveLength(500 * 10);
    expect(new Set(matched).size).toBe(500);
    // Ten templates more: the URIs are matched with those alone.
    subscriptions[0]?.add(uris[0] ?? '', templates);
    subscriptions[0]?.add('item://another', templates);
    for (const each of templates) publish(each);
    await until(() => told.length >= 250 * 3 * 3 + 500 * 3, 'the notifications of all templates');
    expect(matched).toHaveLength(500 * 20 + 20);
    expect(new Set(matched).size).toBe(500 * 2 + 1);
  });

  it('ends when nothing is subscribed to any more', async () => {
    const { index, publish, matched } = countingIndex(new Slices({ holdMs: 0, minSteps: 1 }));
    const subscription = index.subscribe(subscriberOf(() => undefined));
    for (const uri of uris) subscription.add(uri, templates);
    for (const each of templates) publish(each);
    subscription.end();
    const before = matched.length;
    await turns(100);
    expect(matched).toHaveLength(before);
  });

  it('is spread over turns of the event loop, whose share all clients and events have together', async () => {
    let time = 0;
    const { index, publish } = countingIndex(new Slices({ holdMs: 10, minSteps: 1, now: () => time }));
    let inTurn = 0;
    const perTurn: number[] = [];
    // Each notification takes 1 ms on this clock.
    const hear = (): void => void ((time += 1), (inTurn += 1));
    const subscriptions = Array.from({ length: 5 }, () => index.subscribe(subscriberOf(hear)));
    for (const subscription of subscriptions) for (const uri of uris.slice(0, 100)) subscription.add(uri, templates);
    for (const each of templates) publish(each);
    while (perTurn.reduce((sum, each) => sum + each, inTurn) < 500) {
      perTurn.push(inTurn);
      inTurn = 0;
      await turns(1);
    }
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(20); // a turn of ours may see the end of one slice and all of the next
    expect(perTurn.length).toBeGreaterThan(25);
  });

  it('goes on where a client cannot be notified', async () => {
    const { index, publish, errors } = countingIndex();
    const told: string[] = [];
    const broken = index.subscribe(
      subscriberOf(() => {
        throw new Error('gone');
      }),
    );
    const other = index.subscribe(subscriberOf((uri) => told.push(uri)));
    for (const each of [broken, other]) each.add('item://a/part0/1', templates);
    publish(templates[0] ?? '');
    await until(() => told.length > 0, 'the notification of the other');
    expect(errors).toEqual([new Error('gone')]);
  });
});
