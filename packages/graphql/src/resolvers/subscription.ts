/** Calls, as they happen. */
import type { CallEvent, KeptEvent } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { filtersOf } from '../base/arguments.js';
import type { Context } from '../reading/context.js';
import { createEventQueue } from '../reading/event-queue.js';
import { callStatus, callType } from './calls.js';
import type { Resolvers, Subscriber } from './resolver.js';

interface CallFilter {
  name: string;
  mcpType: string;
  updatedBy: string;
  status: string;
}

interface ShownEvent {
  calls: { id: string; event: CallEvent };
}

function matches(event: CallEvent, { name, mcpType, updatedBy, status }: Partial<CallFilter>): boolean {
  if (name !== undefined && event.name !== name) return false;
  if (mcpType !== undefined && event.mcp_type !== mcpType) return false;
  if (updatedBy !== undefined && event.subject !== updatedBy) return false;
  return status === undefined || (event.type === 'call_settled' && event.status === status);
}

function follow(
  _: unknown,
  { filter }: { filter?: Given<CallFilter> | null },
  { daemon, caller, limits }: Context,
): AsyncIterable<ShownEvent> {
  const filters = filtersOf<CallFilter>(filter ?? {}, ['name', 'mcpType', 'updatedBy', 'status'], limits);
  if (filters.mcpType !== undefined) callType(filters.mcpType);
  if (filters.status !== undefined) filters.status = callStatus(filters.status);
  const queue = createEventQueue<ShownEvent>({
    max: limits.maxQueuedEvents,
    signal: caller.signal,
    onEnd: () => following?.end(),
  });
  const following = caller.signal.aborted
    ? undefined
    : daemon.events.follow(caller.partition, ({ id, event }: KeptEvent) => {
        if (event.type !== 'call_started' && event.type !== 'call_settled') return;
        if (matches(event, filters)) queue.push({ calls: { id, event } });
      });
  return queue;
}

/** How subscriptions begin, by field. */
export const subscribers: Readonly<Record<string, Subscriber>> = {
  calls: follow satisfies Subscriber<{ filter?: Given<CallFilter> | null }>,
};

type Parent = ShownEvent['calls'];

export const subscriptionResolvers: Resolvers = {
  CallEvent: {
    type: ({ event }: Parent) => (event.type === 'call_started' ? 'STARTED' : 'SETTLED'),
    mcpFunctionCallUuid: ({ event }: Parent) => event.callId,
    name: ({ event }: Parent) => event.name,
    mcpType: ({ event }: Parent) => event.mcp_type,
    updatedBy: ({ event }: Parent) => event.subject,
    revision: ({ event }: Parent) => event.revision,
    createdAt: ({ event }: Parent) => event.created_at,
    client: ({ event }: Parent) => event.client,
    isRecorded: ({ event }: Parent) => event.recorded,
    status: ({ event }: Parent) => (event.type === 'call_settled' ? event.status : 'in_process'),
    fault: ({ event }: Parent) => (event.type === 'call_settled' ? event.fault : null),
    timeSpentMs: ({ event }: Parent) => (event.type === 'call_settled' ? event.time_spent : null),
  },
};
