import { until } from '../../../../tests/until.js';
import type { FileSource } from '../../src/index.js';
import { parseConfig } from '../../src/index.js';
import { daemonWith, errorOf, modern, resultOf } from '../support.js';

/** A folder in memory, which tells when a file changed. */
function folder(files: Record<string, Uint8Array | string>): FileSource & { change(path: string): void } {
  const listeners = new Set<(path: string) => void>();
  return {
    read(path) {
      const content = files[path];
      if (content === undefined) return Promise.reject(new Error('it does not exist'));
      return Promise.resolve(typeof content === 'string' ? new TextEncoder().encode(content) : content);
    },
    watch(listener) {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
    change: (path) => listeners.forEach((listener) => listener(path)),
  };
}

const resources = [
  { uri: 'ui://view', name: 'view', file: 'ui/view.html', _meta: { ui: { prefersBorder: true }, other: 1 } },
  { uri: 'file:///notes', name: 'notes', file: 'notes.md' },
  { uri: 'file:///logo', name: 'logo', file: 'logo.png' },
  { uri: 'file:///broken', name: 'broken', file: 'broken.txt' },
  { uri: 'file:///raw', name: 'raw', file: 'raw', mimeType: 'application/x-own' },
  { uri: 'file:///none', name: 'none', file: 'none.txt' },
];

describe('a resource that is a file', () => {
  const files = folder({
    'ui/view.html': '<p>Zürich</p>',
    'notes.md': '# Notes',
    'logo.png': new Uint8Array([137, 80, 78, 71, 13, 10]),
    'broken.txt': new Uint8Array([0xff, 0xfe, 0x41]),
    raw: 'text all the same',
  });
  const catalog = parseConfig(JSON.stringify({ resources })).definition;
  const client = (): ReturnType<typeof modern> => modern(daemonWith([], { catalog, files }));
  const read = async (uri: string): Promise<unknown> => {
    const { contents } = resultOf(await client().request('resources/read', { uri }));
    return (contents as unknown[])[0];
  };

  it('needs no code, and has the media type of its name', async () => {
    expect(await read('file:///notes')).toEqual({ uri: 'file:///notes', mimeType: 'text/markdown', text: '# Notes' });
  });

  it('is a blob where its media type or its bytes are no text', async () => {
    expect(await read('file:///logo')).toEqual({ uri: 'file:///logo', mimeType: 'image/png', blob: 'iVBORw0K' });
    expect(await read('file:///broken')).toMatchObject({ mimeType: 'text/plain', blob: '//5B' });
    expect(await read('file:///raw')).toMatchObject({ mimeType: 'application/x-own', blob: expect.any(String) });
  });

  it('is a page for hosts where its URI begins with ui://, with what the host needs to show it', async () => {
    expect(await read('ui://view')).toEqual({
      uri: 'ui://view',
      mimeType: 'text/html;profile=mcp-app',
      text: '<p>Zürich</p>',
      _meta: { ui: { prefersBorder: true } },
    });
    const list = resultOf(await client().request('resources/list'));
    expect((list['resources'] as unknown[])[0]).toMatchObject({ mimeType: 'text/html;profile=mcp-app' });
    expect(JSON.stringify(list)).not.toContain('view.html');
  });

  it('that cannot be read is an error', async () => {
    expect(errorOf(await client().request('resources/read', { uri: 'file:///none' }))).toEqual({
      code: -32603,
      message: 'it does not exist',
    });
  });

  it('that this server does not serve is an error that says so', async () => {
    const bare = modern(daemonWith([], { catalog, explainFailures: true }));
    expect(errorOf(await bare.request('resources/read', { uri: 'file:///notes' })).message).toMatch(/does not serve files/);
  });

  it('tells its subscribers when it changes', async () => {
    const daemon = daemonWith([], { catalog, files });
    await modern(daemon).request('resources/read', { uri: 'file:///notes' });
    const uris: string[] = [];
    daemon.events.subscribe('default', (event) => {
      if (event.type === 'resource_updated') uris.push(event.uri);
    });
    files.change('notes.md');
    files.change('unknown');
    await until(() => uris.length > 0);
    expect(uris).toEqual(['file:///notes']);
  });
});
