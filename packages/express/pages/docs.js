/* global SwaggerUIBundle, btoa, document, location */
/** The page for trying out the API. */
const META_VERSION = 'io.modelcontextprotocol/protocolVersion';

const headerOf = (headers, name) => Object.keys(headers).find((given) => given.toLowerCase() === name.toLowerCase());

function set(headers, name, value) {
  delete headers[headerOf(headers, name) ?? ''];
  if (value !== undefined) headers[name] = value;
}

/** Encodes a text for a header. */
function plain(text) {
  if (typeof text !== 'string' || (/^[\x20-\x7e]*$/.test(text) && text === text.trim())) return text;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`;
}

/** Sets the headers from the body, so that they are right after the user has picked another example. */
function mirror(headers, body) {
  let message;
  try {
    message = JSON.parse(body);
  } catch {
    return; // the server refuses a body that is not JSON
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
