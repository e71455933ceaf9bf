import type { OperationContext } from '../model/operation.ts';

/** A document that a client may list. */
export type ResourceEntry = { uri: string; name: string; description?: string; mimeType: string };

/**
 * Documents: `seatrial://runs`, `seatrial://runs/{id}`, `seatrial://runs/{id}/report`, `seatrial://learnings`,
 * `seatrial://config-schema`.
 */
export interface ResourceProvider {
  readonly templates: ReadonlyArray<{ uriTemplate: string; name: string; description: string; mimeType: string }>;
  /** Empty in a project that has none. Throws DeployError. */
  list(context: OperationContext): Promise<ResourceEntry[]>;
  /** Null when there is no such document. Throws DeployError. */
  read(uri: string, context: OperationContext): Promise<{ mimeType: string; text: string } | null>;
}
