/** Counts HTTP requests. This is part of every request, so it uses plain maps; the text is made only when it is requested. */
import { METHODS } from 'node:http';

import { Distribution } from './distribution.js';
import { labelsText, metricText } from './text.js';

/** One HTTP request that has ended. */
export interface ServedRequest {
  /** The name of its route: one of a fixed set of names, never a path from the client. */
  route: string;
  method: string;
  /** The HTTP status. */
  status: number;
  /** The time from its first byte to the end of its answer; for a stream, until the stream is closed. */
  seconds: number;
}

/** Counts of requests. */
export interface RequestCounts {
  /** Counts a request. */
  add(request: ServedRequest): void;
  /** The counts in the text format of Prometheus. */
  text(): string;
}

const TOTAL = 'mcp_daemon_http_requests_total';
const SECONDS = 'mcp_daemon_http_request_duration_seconds';
const OTHER = 'other';
/** More routes than any router has; further ones are counted together. */
const MAX_ROUTES = 64;

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** The counts of one route. */
interface Route {
  readonly name: string;
  readonly spent: Distribution;
  /** Numbers of requests, by method and status. */
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
        metricText(TOTAL, 'counter', 'HTTP requests that have ended.', totals) +
        metricText(SECONDS, 'histogram', 'Duration of HTTP requests, to the end of their answers.', times)
      );
    },
  };
}
