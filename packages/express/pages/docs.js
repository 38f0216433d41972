/* global SwaggerUIBundle, btoa, CSSStyleSheet, document, location */
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

/** The address of this page without a slash at its end, against which all others are relative. */
const here = location.href.replace(/[?#].*$/, '').replace(/\/$/, '');
const META = { [META_VERSION]: '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };

/** Sends a request to the server as the user who has logged in on this page. @returns its result; undefined: it was refused */
async function ask(method, params, token) {
  const answer = await fetch(new URL('mcp', here), {
    method: 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': META[META_VERSION],
      'mcp-method': method,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
  });
  return answer.ok ? (await answer.json()).result : undefined;
}

/** All tools that the user may list; undefined: the user may not list any. */
async function toolsOf(token) {
  const tools = [];
  let cursor;
  do {
    const page = await ask('tools/list', cursor === undefined ? {} : { cursor }, token);
    if (page === undefined) return undefined;
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

/** A value for an example: the default or the first choice of a schema, else one of its type. */
function sample(schema) {
  const { type, default: given, enum: choices, examples, properties = {}, required = [] } = schema === true ? {} : schema;
  const known = [given, ...(examples ?? []), ...(choices ?? [])].find((value) => value !== undefined);
  if (known !== undefined) return known;
  const [first] = [type].flat();
  if (first === 'object') return Object.fromEntries(required.map((name) => [name, sample(properties[name] ?? true)]));
  return { string: 'text', integer: 1, number: 1, boolean: true, array: [], null: null }[first] ?? 'value';
}

const callOf = ({ name, inputSchema }) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: sample({ type: 'object', ...inputSchema }), _meta: META },
});

/** A body as the page shows it. */
const textOf = (value) => JSON.stringify(value, null, 2);

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

/** Shows the tools, each with its schema and a call. Only texts are inserted: a tool cannot add markup to the page. */
function show(tools) {
  const list = tools.map((tool) => {
    const json = (value) => element('pre', textOf(value));
    const { name, title, description = '', inputSchema } = tool;
    return element(
      'details',
      '',
      element('summary', title === undefined ? name : `${name}: ${title}`),
      ...[element('p', description), element('h4', 'Arguments'), json(inputSchema)],
      ...[element('h4', 'Call: the body of POST /mcp'), json(callOf(tool))],
    );
  });
  document.getElementById('tools').replaceChildren(element('h2', `Tools of this server (${tools.length})`), ...list);
}

/** Fetches the document and makes its addresses absolute, so that the page shows where requests go. */
async function documentOfApi() {
  const spec = await (await fetch(new URL('openapi.json', here))).json();
  spec.servers = [{ url: new URL('.', here).href.replace(/\/$/, '') }];
  const flow = spec.components?.securitySchemes?.password?.flows?.password;
  if (flow !== undefined) flow.tokenUrl = new URL(flow.tokenUrl, here).href;
  document.title = `${spec.info.title} ${spec.info.version}`;
  return spec;
}

/** Hides what Swagger UI asks of OAuth clients: here users log in with their name and password. */
function hideClientFields() {
  const style = new CSSStyleSheet();
  style.replaceSync(
    '.auth-container .wrapper:has(> * > #password_type, > * > #client_id_password, > * > #client_secret_password) { display: none }',
  );
  document.adoptedStyleSheets = [style];
}

async function start() {
  hideClientFields();
  const spec = await documentOfApi();
  const needsToken = spec.security.length > 0;
  const ui = SwaggerUIBundle({
    spec,
    domNode: document.getElementById('api'),
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: 'none',
    requestInterceptor: prepare,
  });

  /** The example of a call that each path shows, if it is not that of the document. */
  const bodies = new Map();
  let shown;
  async function update() {
    const { bearer, password } = ui.authSelectors.authorized()?.toJS() ?? {};
    const token = bearer?.value ?? password?.token?.access_token;
    if (token === shown && shown !== undefined) return;
    shown = token;
    const tools = needsToken && token === undefined ? undefined : await toolsOf(token);
    if (token !== shown) return; // the user has logged in again in the meantime
    if (tools === undefined) {
      const why =
        token === undefined ? 'Log in with "Authorize" to see the tools of this server.' : 'This user may not list tools.';
      document.getElementById('tools').replaceChildren(element('p', why));
      return;
    }
    show(tools);
    if (tools.length === 0) return;
    const changed = structuredClone(spec);
    const open = [];
    for (const [path, { post }] of Object.entries(changed.paths)) {
      const example = post?.requestBody?.content?.['application/json']?.examples?.call;
      if (example === undefined) continue;
      const before = bodies.get(path) ?? textOf(example.value);
      example.value = callOf(tools[0]);
      bodies.set(path, textOf(example.value));
      if (ui.oas3Selectors.requestBodyValue(path, 'post') === before) open.push(path);
    }
    ui.specActions.updateJsonSpec(changed);
    // An operation that is open keeps its body, so the body is replaced unless the user has changed it.
    for (const path of open) ui.oas3Actions.setRequestBodyValue({ value: bodies.get(path), pathMethod: [path, 'post'] });
  }

  let known;
  ui.getStore().subscribe(() => {
    const authorized = ui.authSelectors.authorized();
    if (authorized === known) return;
    known = authorized;
    void update();
  });
  known = ui.authSelectors.authorized();
  await update();
}

void start();
