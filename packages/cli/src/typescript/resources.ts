/**
 * The types of resources, and `createResources`.
 */
import type { ListedResource, ListedTemplate } from './listing.js';
import { docComment, docLines, print, quote } from './print.js';
import type { Member, ObjectType } from './type.js';
import { NEVER, text, union } from './type.js';
import { EXPAND, RESOURCE_CLIENT, resourcesWrapper } from './wrapper.js';

/** A list of values as `{name*}` takes it. */
const LIST = union([text('string'), text('readonly string[]')]);

/**
 * The type of a template's variables (RFC 6570). A variable in the path is needed to make a URI; one in `{?name}` and the like may
 * be left out with its name.
 */
export function variablesType(template: string): ObjectType {
  const found = new Map<string, Member>();
  for (const [, operator = '', list = ''] of template.matchAll(/\{([+#./;?&]?)([^{}]+)\}/g)) {
    for (const spec of list.split(',')) {
      const name = spec.replace(/(\*|:\d+)$/, '');
      const known = found.get(name);
      const isList = spec.endsWith('*') && (known === undefined || known.type === LIST);
      const isOptional = operator !== '' && operator !== '+' && known?.isOptional !== false;
      found.set(name, { name, type: isList ? LIST : text('string'), isOptional, doc: [] });
    }
  }
  const members = [...found.values()];
  return members.length === 0 ? { kind: 'object', members, index: NEVER } : { kind: 'object', members };
}

/** The lines of the doc comment of a resource. */
function docOf({ name, title, description, mimeType }: ListedResource | ListedTemplate): string[] {
  const lines = docLines(description ?? title ?? name);
  return mimeType === undefined ? lines : [...lines, ...docLines(`(${mimeType})`)];
}

/** The part of the file for resources and templates; undefined where there are none. */
export function resourcesSection(resources: readonly ListedResource[], templates: readonly ListedTemplate[]): string | undefined {
  if (resources.length + templates.length === 0) return undefined;
  const uris = [
    docComment(['The resources with a fixed URI, with their names.']),
    'export interface ResourceNames {\n',
    ...resources.map((each) => `${docComment(docOf(each), '  ')}  ${quote(each.uri)}: ${quote(each.name)};\n`),
    '}\n',
  ];
  const variables = [
    docComment(['The templates of resources, with their variables.']),
    'export interface ResourceTemplates {\n',
    ...templates.map((each) => {
      const type = print(variablesType(each.uriTemplate), '  ');
      return `${docComment(docOf(each), '  ')}  ${quote(each.uriTemplate)}: ${type};\n`;
    }),
    '}\n',
  ];
  return [
    ...(resources.length > 0 ? [uris.join('')] : []),
    ...(templates.length > 0 ? [variables.join(''), EXPAND] : []),
    RESOURCE_CLIENT,
    resourcesWrapper({ hasFixed: resources.length > 0, hasTemplates: templates.length > 0 }),
  ].join('\n');
}
