import type { Endpoint, OpenRequest } from './routing-table.ts';

const pollMs = 20;

/**
 * Waits until an endpoint that is out of the table has finished its requests, `drainMs` for plain ones and `streamDrainMs`
 * for websockets and event streams, then ends those that are left. Returns how many had to be ended.
 */
export async function drainEndpoint(
  endpoint: Endpoint,
  limits: { drainMs: number; streamDrainMs: number },
): Promise<number> {
  const startedMs = performance.now();
  let cut = 0;
  while (endpoint.open.size > 0) {
    const waitedMs = performance.now() - startedMs;
    const late = [...endpoint.open].filter((open) => waitedMs >= (open.stream ? limits.streamDrainMs : limits.drainMs));
    cut += cutAll(endpoint, late);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return cut;
}

/** Ends these requests in the middle; they are no longer in flight. Returns their number. */
export function cutAll(endpoint: Endpoint, requests: readonly OpenRequest[]): number {
  for (const request of requests) {
    request.cut();
    endpoint.open.delete(request);
  }
  return requests.length;
}
