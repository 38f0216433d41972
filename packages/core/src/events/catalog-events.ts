/** The events of a partition whose catalog or code changes. */
import type { CatalogDefinition, FunctionDefinition, LinkBinding } from '../ports/definition.js';
import type { EventBus, ListKind } from './bus.js';

/** What changed for clients. */
export interface CatalogChange extends Readonly<Record<ListKind, boolean>> {
  /** URIs of resources whose content may have changed. */
  readonly uris: readonly string[];
  /** Templates of resources whose content may have changed. */
  readonly uriTemplates: readonly string[];
}

const LISTS: readonly ListKind[] = ['tools', 'resources', 'prompts'];

/** Publishes the events of a changed catalog. */
export function publishCatalogChange(bus: EventBus, partition: string, change: CatalogChange): void {
  for (const list of LISTS) if (change[list]) bus.publish({ type: 'list_changed', partition, list });
  for (const uri of change.uris) bus.publish({ type: 'resource_updated', partition, uri });
  for (const uriTemplate of change.uriTemplates) bus.publish({ type: 'template_updated', partition, uriTemplate });
}

/** Publishes that the content of resources may have changed, because the code of matching links changed. */
export function publishCodeChange(
  bus: EventBus,
  partition: string,
  functions: readonly FunctionDefinition[],
  which: (link: LinkBinding) => boolean,
): void {
  for (const entry of functions) {
    if (entry.binding.kind !== 'link' || !which(entry.binding)) continue;
    if (entry.kind === 'resource') bus.publish({ type: 'resource_updated', partition, uri: entry.uri });
    if (entry.kind === 'resource_template') {
      bus.publish({ type: 'template_updated', partition, uriTemplate: entry.uriTemplate });
    }
  }
}

/** Publishes that the content of resources has changed, because their file has. */
export function publishFileChange(
  bus: EventBus,
  partition: string,
  functions: readonly FunctionDefinition[],
  path: string,
): void {
  for (const entry of functions)
    if (entry.kind === 'resource' && entry.binding.kind === 'file' && entry.binding.path === path)
      bus.publish({ type: 'resource_updated', partition, uri: entry.uri });
}

/** Tells the clients of each partition whose catalog has a skill beside the config file that it has changed. */
export function publishSkillChange(
  bus: EventBus,
  catalogs: Iterable<readonly [string, CatalogDefinition]>,
  path: string,
  uris: readonly string[],
): void {
  for (const [partition, { skills = [] }] of catalogs) {
    if (!skills.some((skill) => skill.module === undefined && skill.path === path)) continue;
    bus.publish({ type: 'list_changed', partition, list: 'resources' });
    for (const uri of uris) bus.publish({ type: 'resource_updated', partition, uri });
  }
}
