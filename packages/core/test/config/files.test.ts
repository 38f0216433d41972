import type { ConfigSupport } from '../../src/config/check.js';
import { inspectConfigText } from '../../src/config/config.js';

const inspect = (config: object, support?: Partial<ConfigSupport>): { mistakes: string[]; warnings: string[] } => {
  const { mistakes, warnings } = inspectConfigText(JSON.stringify(config), support === undefined ? {} : { support });
  const text = ({ path, message }: { path: string; message: string }): string => `${path}: ${message}`;
  return { mistakes: mistakes.map(text), warnings: warnings.map(text) };
};

const page = { uri: 'ui://view', name: 'view', file: 'ui/view.html' };
const tool = (ui: unknown): object => ({
  tools: [{ name: 't', _meta: { ui } }],
  module_links: [{ name: 't', module_name: 'm', function_name: 'f' }],
});

describe('a resource that is a file', () => {
  it('needs no link', () => {
    expect(inspect({ resources: [page] })).toEqual({ mistakes: [], warnings: [] });
  });

  it('must have no link', () => {
    const link = { type: 'resource', name: 'view', module_name: 'm', function_name: 'f' };
    expect(inspect({ resources: [page], module_links: [link] }).mistakes).toEqual([
      '$.module_links[0].name: "view" is a file, so it runs no code: remove its link, or its file',
    ]);
  });

  it.each(['/etc/passwd', '../x', 'a/../x', 'a/..', './x', 'a//b', 'a/', 'C:\\x', 'a\\b', '', '.', '..', 'a\0b'])(
    'must be below the folder of the config file: %j',
    (file) => {
      expect(inspect({ resources: [{ ...page, file }] }).mistakes[0]).toMatch(
        /^\$\.resources\[0\]\.file: must be the path of a file below the folder of the config file/,
      );
    },
  );

  it.each(['a', 'a/b.c', '.well-known/x', 'a..b', '...', 'Zürich/ä b.html'])('may be %j', (file) => {
    expect(inspect({ resources: [{ ...page, uri: 'x://y', file }] }).mistakes).toEqual([]);
  });

  it('is not served from a store, which has no files', () => {
    expect(inspect({ resources: [page] }, { files: false }).mistakes).toEqual([
      '$.resources[0].file: names a file of this machine, which only a config file may, not a catalog in a store: remove it',
    ]);
  });

  it('is for resources alone', () => {
    const config = {
      resource_templates: [{ uriTemplate: 'x://{a}', name: 'x', file: 'x.md' }],
      module_links: [{ type: 'resource_template', name: 'x', module_name: 'm', function_name: 'f' }],
    };
    expect(inspect(config).warnings[0]).toMatch(/unknown key "file" of a resource template/);
  });
});

describe('the page of a tool', () => {
  it('is in the file, and has the media type that hosts show', () => {
    expect(inspect({ ...tool({ resourceUri: 'ui://view', visibility: ['model', 'app'] }), resources: [page] }).warnings).toEqual(
      [],
    );
  });

  it.each<[what: string, config: object, warning: RegExp]>([
    ['is not there', tool({ resourceUri: 'ui://view' }), /resourceUri: no resource of this file has the URI "ui:\/\/view"/],
    [
      'has another scheme',
      tool({ resourceUri: 'https://x' }),
      /resourceUri: must be the URI of a page, which begins with ui:\/\//,
    ],
    ['is not a text', tool({ resourceUri: 5 }), /resourceUri: must be the URI of a page/],
    ['is for nobody known', tool({ visibility: ['user'] }), /visibility: must be a list of "model" and "app"/],
    [
      'has another media type',
      { resources: [{ ...page, mimeType: 'text/html' }] },
      /^\$\.resources\[0\]\.mimeType: hosts show a page of ui:\/\/ only with "text\/html;profile=mcp-app"$/,
    ],
  ])('is warned of where it %s', (_what, config, warning) => {
    const { mistakes, warnings } = inspect(config);
    expect(mistakes).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });
});
