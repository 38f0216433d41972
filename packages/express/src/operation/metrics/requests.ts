/** Counts HTTP requests: every one, so in plain maps, and written down when somebody asks. */
import { METHODS } from 'node:http';

import { Distribution } from './distribution.js';
import { labelsText, metricText } from './text.js';

/** One HTTP request that was answered. */
export interface ServedRequest {
  /** What its path is called: one of a few names, never what a client asked for. */
  route: string;
  method: string;
  /** The HTTP status. */
  status: number;
  /** From its first byte to the end of its answer; a stream lasts as long as it is open. */
  seconds: number;
}

/** Counts of requests. */
export interface RequestCounts {
  add(request: ServedRequest): void;
  text(): string;
}

const TOTAL = 'mcp_daemon_http_requests_total';
const SECONDS = 'mcp_daemon_http_request_duration_seconds';
const OTHER = 'other';
/** More than a router has. */
const MAX_ROUTES = 64;

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** Requests of one route. */
interface Route {
  readonly name: string;
  readonly spent: Distribution;
  /** By method and status. */
  readonly methods: Map<string, Map<number, number>>;
}

/** Creates counts. */
export function createRequestCounts(): RequestCounts {
  const routes = new Map<string, Route>();

  function routeOf(given: string): Route {
    const found = routes.get(given);
    if (found !== undefined) return found;
    const name = routes.size < MAX_ROUTES ? given : OTHER;
    const route = routes.get(name) ?? { name, spent: new Distribution(), methods: new Map() };
    routes.set(name, route);
    return route;
  }

  return {
    add({ route: name, method, status, seconds }) {
      const route = routeOf(name);
      route.spent.observe(seconds);
      let statuses = route.methods.get(method);
      if (statuses === undefined) {
        const known = KNOWN_METHODS.has(method) ? method : OTHER;
        route.methods.set(known, (statuses = route.methods.get(known) ?? new Map<number, number>()));
      }
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    },
    text() {
      const all = [...routes.values()];
      const totals = all.flatMap(({ name: route, methods }) =>
        [...methods].flatMap(([method, statuses]) =>
          [...statuses].map(([status, n]) => `${TOTAL}{${labelsText({ route, method, status: String(status) })}} ${n}`),
        ),
      );
      const times = all.flatMap(({ name: route, spent }) => spent.lines(SECONDS, labelsText({ route })));
      return (
        metricText(TOTAL, 'counter', 'HTTP requests that were answered.', totals) +
        metricText(SECONDS, 'histogram', 'How long HTTP requests took, to the end of their answers.', times)
      );
    },
  };
}
