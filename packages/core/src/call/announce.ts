/** The events of a call. They are created only if there are listeners. */
import { uuidTime } from '../base/uuid.js';
import type { CallAnnounced, EventBus } from '../events/bus.js';
import type { Settlement } from '../records/recorder.js';
import type { RunningCall } from './running-call.js';

const about = ({ call, ticket, snapshot }: RunningCall): CallAnnounced => ({
  partition: call.request.exchange.partition,
  callId: ticket.callId,
  name: call.definition.name,
  mcp_type: call.type,
  subject: call.request.exchange.subject,
  revision: snapshot.revision,
  created_at: ticket.row?.created_at ?? uuidTime(ticket.callId),
  client: ticket.row?.client ?? null,
  recorded: ticket.row !== undefined,
});

/** Publishes that a call starts. */
export function announceStart(bus: EventBus, running: RunningCall): void {
  if (!bus.listens(running.call.request.exchange.partition)) return;
  bus.publish({ type: 'call_started', ...about(running) });
}

/** Publishes that a call has ended. Called when its record is committed, so that a listener finds the record. */
export function announceEnd(bus: EventBus, running: RunningCall, { status, fault }: Settlement): void {
  const { call, ticket } = running;
  const listens = bus.listens(call.request.exchange.partition);
  if (!bus.observed && !listens) return;
  const time_spent = ticket.row?.time_spent ?? Math.round((performance.now() - ticket.startedAt) * 1_000) / 1_000;
  const announced = about(running);
  const { partition, mcp_type, name } = announced;
  if (bus.observed) bus.settled({ partition, mcp_type, name, status, fault, time_spent });
  if (listens) bus.publish({ type: 'call_settled', ...announced, status, fault, time_spent });
}
