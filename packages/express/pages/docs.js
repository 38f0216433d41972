/* global SwaggerUIBundle, btoa, document, location */
/** The page to try the API out on. */
const META_VERSION = 'io.modelcontextprotocol/protocolVersion';

const headerOf = (headers, name) => Object.keys(headers).find((given) => given.toLowerCase() === name.toLowerCase());

function set(headers, name, value) {
  delete headers[headerOf(headers, name) ?? ''];
  if (value !== undefined) headers[name] = value;
}

/** A text as a header can have it. */
function plain(text) {
  if (typeof text !== 'string' || (/^[\x20-\x7e]*$/.test(text) && text === text.trim())) return text;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`;
}

/** The headers of a message follow its body: whoever picks another example need not fill them in anew. */
function mirror(headers, body) {
  let message;
  try {
    message = JSON.parse(body);
  } catch {
    return; // what is no JSON is for the server to refuse
  }
  const params = message?.params ?? {};
  const version = params._meta?.[META_VERSION];
  set(headers, 'Mcp-Method', version === undefined ? undefined : message.method);
  set(headers, 'Mcp-Name', version === undefined ? undefined : plain(params.name ?? params.uri));
  if (version !== undefined) set(headers, 'MCP-Protocol-Version', version);
  else if (headers[headerOf(headers, 'MCP-Protocol-Version') ?? ''] >= '2026') set(headers, 'MCP-Protocol-Version', undefined);
}

function prepare(request) {
  const { pathname } = new URL(request.url, location.href);
  if (request.method?.toUpperCase() === 'POST' && pathname.endsWith('/mcp')) {
    set(request.headers, 'Accept', 'application/json, text/event-stream');
    mirror(request.headers, request.body);
  }
  return request;
}

SwaggerUIBundle({
  url: new URL('openapi.json', location.href).href,
  domNode: document.getElementById('api'),
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: 'none',
  requestInterceptor: prepare,
});
