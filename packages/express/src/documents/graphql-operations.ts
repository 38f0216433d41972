/** The operations of the GraphQL API: the same at its own path, and at the one of the Python engine. */
import type { PathName } from '../paths.js';
import { json, refusals } from './answers.js';
import type { Answer, Content, Operation, Parameter } from './operation.js';
import { ref } from './schemas.js';

const shared = { tag: 'GraphQL', secured: true, feature: 'graphql' } as const;

const RESULT = 'application/graphql-response+json';
const TYPES = `\`${RESULT}\`, \`application/json\` or \`text/event-stream\``;

const query = (name: string, description: string): Parameter => ({
  ...{ name, in: 'query', description, schema: { type: 'string' } },
});

const PARAMETERS: readonly Parameter[] = [
  query('query', 'The document.'),
  query('variables', 'The variables, as JSON.'),
  query('operationName', 'The operation of the document that is meant.'),
  query('ticket', 'Replaces the token, for an `EventSource`; see `/events/ticket`.'),
];

const BODY: Content = {
  schema: ref('GraphqlRequest'),
  examples: { name: { summary: 'Ask for the type of all queries', value: { query: '{ __typename }' } } },
};

const answer: Answer = {
  description: 'The result, or a stream of results.',
  content: {
    'application/json': { schema: ref('GraphqlResponse') },
    [RESULT]: { schema: ref('GraphqlResponse') },
    'text/event-stream': { schema: ref('EventStream') },
  },
};

const answers = {
  200: answer,
  ...refusals('GraphqlResponse', 401, 403, 405, 406, 429, 500, 503),
  400: {
    description: `The request is malformed; or, for \`${RESULT}\`, the document is not valid.`,
    content: { 'application/json': { schema: ref('GraphqlResponse') }, [RESULT]: { schema: ref('GraphqlResponse') } },
  },
  504: json('The operation took too long.', 'GraphqlResponse'),
};

const post = (id: string): Operation => ({
  ...{ ...shared, method: 'post', id, summary: 'Run a GraphQL operation' },
  description: `\`Accept\` names ${TYPES}. A subscription needs the last one.`,
  body: { 'application/json': BODY },
  answers: { ...answers, ...refusals('GraphqlResponse', 413, 415) },
});

const get = (id: string): Operation => ({
  ...{ ...shared, method: 'get', id, summary: 'Run a GraphQL query' },
  description: `\`Accept\` names ${TYPES}. A browser that asks for \`text/html\` gets the page GraphiQL.`,
  parameters: PARAMETERS,
  answers: {
    ...answers,
    200: { ...answer, content: { ...answer.content, 'text/html': { schema: { type: 'string' } } } },
    204: { description: 'The subscription of this `EventSource` is complete: it must not connect again.' },
  },
});

/** The operations, by their row in the table of paths. */
export const GRAPHQL_OPERATIONS = {
  graphql: [post('postGraphql'), get('getGraphql')],
  coreGraphql: [post('postCoreGraphql'), get('getCoreGraphql')],
} satisfies Partial<Record<PathName, readonly Operation[]>>;
