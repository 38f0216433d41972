/** What the form of a function asks for. */
import type { CatalogEntry } from '../api/catalog.js';
import { object, objects, text } from '../api/read.js';
import type { JsonObject } from '../base/json.js';
import { variablesOf } from '../form/uri-template.js';

/** The arguments of a prompt as a schema: they are texts. */
function promptSchema(entry: JsonObject): JsonObject {
  const given = objects(entry, 'arguments');
  const properties = given.map((argument): [string, JsonObject] => {
    const [title, description] = [text(argument, 'title'), text(argument, 'description')];
    return [
      text(argument, 'name') ?? '',
      { type: 'string', ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) },
    ];
  });
  const required = given.flatMap((argument) => (argument['required'] === true ? (text(argument, 'name') ?? []) : []));
  return { type: 'object', properties: Object.fromEntries(properties), required };
}

/** The variables of a URI template as a schema. */
function templateSchema(template: string): JsonObject {
  const properties = Object.fromEntries(variablesOf(template).map((name) => [name, { type: 'string' }]));
  return { type: 'object', properties, required: [] };
}

/** The schema of what a function takes: the arguments of a tool or a prompt, the variables of a resource's template. */
export function schemaOf({ kind, entry }: CatalogEntry): JsonObject {
  if (kind === 'tool') return object(entry, 'inputSchema');
  if (kind === 'prompt') return promptSchema(entry);
  return kind === 'template' ? templateSchema(text(entry, 'uriTemplate') ?? '') : { type: 'object', properties: {} };
}
