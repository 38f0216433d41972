import type { FunctionDefinition, LinkBinding } from '../../src/index.js';
import { defineCatalog, defineResource } from '../../src/index.js';
import type { Client } from '../support.js';
import { daemonWith, legacy, modern, resultOf, turns } from '../support.js';

const link: LinkBinding = { kind: 'link', package_name: 'p', module_name: 'm', function_name: 'f', setting: {} };
const template = (uriTemplate: string): FunctionDefinition => ({
  ...defineResource({ name: uriTemplate, uriTemplate, run: (uri) => uri }),
  binding: link,
});

const updated = (client: Client): unknown[] => client.of('notifications/resources/updated').map(({ uri }) => uri);

async function listen(client: Client, resourceSubscriptions: string[], id = 'listen'): Promise<void> {
  void client.request('subscriptions/listen', { notifications: { resourceSubscriptions } }, id);
  await turns(1);
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

  it.each([1_000, 20_000])('cost little when code is saved that serves %d of them', async (count) => {
    const templates = Array.from({ length: 5 }, (_, index) => template(`item://{+path}/part${index}/{id}`));
    const daemon = daemonWith(templates);
    const clients = Array.from({ length: count / 1_000 }, () => modern(daemon));
    for (const [number, client] of clients.entries())
      await listen(
        client,
        Array.from({ length: 1_000 }, (_, index) => `item://${'x'.repeat(200)}/${number}/part${index % 5}/${index}`),
      );
    await turns(400); // matched, some at a time
    const began = process.cpuUsage();
    daemon.reload();
    const { user, system } = process.cpuUsage(began);
    expect(clients.map((client) => updated(client).length)).toEqual(clients.map(() => 1_000));
    // 20,000 notifications and the copies that this client makes of them.
    expect((user + system) / 1_000).toBeLessThan(count / 10);
  });
});
