import { cutAll } from './drain-endpoint.ts';
import type { RevisionPool } from './revision-pool.ts';

/** Requests in flight at a revision that are neither websockets nor event streams. */
export function plainRequests(pool: RevisionPool) {
  return pool.allEndpoints().flatMap((endpoint) => [...endpoint.open].filter((open) => !open.stream));
}

/** Ends those that are chosen; how many they were. */
export function cutWhere(pool: RevisionPool, chosen: (stream: boolean) => boolean): number {
  return pool.allEndpoints().reduce((sum, endpoint) => {
    return (
      sum +
      cutAll(
        endpoint,
        [...endpoint.open].filter((open) => chosen(open.stream)),
      )
    );
  }, 0);
}
