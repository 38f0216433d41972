/** Media types of files, by the end of their names. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ...{ html: 'text/html', md: 'text/markdown', txt: 'text/plain', csv: 'text/csv', css: 'text/css', js: 'text/javascript' },
  ...{ mjs: 'text/javascript', py: 'text/x-python', sh: 'text/x-shellscript', ts: 'text/x-typescript', sql: 'application/sql' },
  ...{
    json: 'application/json',
    yaml: 'application/yaml',
    yml: 'application/yaml',
    xml: 'application/xml',
    pdf: 'application/pdf',
  },
  ...{ svg: 'image/svg+xml', png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp' },
};

/** The media type of a file; undefined: not known. */
export const fileMediaType = (file: string): string | undefined =>
  MEDIA_TYPES[/\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? ''];
