import { latencyBucketOf } from '../../model/traffic.ts';
import { DataMistake } from './data-mistake.ts';
import { createNumberColumn, type NumberColumn } from './number-column.ts';
import type { Observation, ObservedLatency } from './observation.ts';

/** Rows of one arm, ascending in time, one entry each in every column. */
export type ArmRows = {
  tMs: NumberColumn;
  requests: NumberColumn;
  failures: NumberColumn;
  /** NaN where the row did not say. */
  failedUnits: NumberColumn;
  /** Where in `latency` the row's buckets end. */
  latencyEnd: NumberColumn;
  /** Buckets and their counts, packed; see `unpackBucket`. */
  latency: NumberColumn;
  /** Times without repetitions. */
  distinctTimes: number;
};

/** Recorded traffic in memory: some 40 bytes a row and 8 a bucket, so that a large file fits. */
export type Observations = {
  baseline: ArmRows;
  canary: ArmRows;
  /** Whether any row has latencies, and what its buckets mean: indices of log buckets, or of `edgesMs`. */
  latency: ObservedLatency['kind'] | null;
  /** Edges in the order in which they were seen. */
  edgesMs: number[];
};

export type Recorder = {
  /** Throws DataMistake where the row does not go with those before. */
  add(observation: Observation): void;
  finish(): Observations;
};

/** Above every count that a row may have. A bucket times this and a count still fit into 53 bits. */
const bucketUnit = 2 ** 40;

/** Bucket and count of an entry of `ArmRows.latency`. Pure. */
export function unpackBucket(packed: number): { bucket: number; count: number } {
  return { bucket: Math.floor(packed / bucketUnit), count: packed % bucketUnit };
}

/** More edges than any exporter has: the column holds something else. */
const mostEdges = 2000;

export function createRecorder(): Recorder {
  const observations: Observations = { baseline: emptyRows(), canary: emptyRows(), latency: null, edgesMs: [] };
  const edgeIndex = new Map<number, number>();
  const edgeOf = (edgeMs: number): number => {
    const known = edgeIndex.get(edgeMs);
    if (known !== undefined) return known;
    if (edgeIndex.size === mostEdges)
      throw new DataMistake('buckets', `has more than ${mostEdges} different edges in all; give latencies instead`);
    edgeIndex.set(edgeMs, edgeIndex.size);
    observations.edgesMs.push(edgeMs);
    return edgeIndex.size - 1;
  };
  return {
    add: (observation) => {
      const rows = observations[observation.arm];
      const lastMs = rows.tMs.at(rows.tMs.length - 1);
      if (observation.tMs < lastMs)
        throw new DataMistake(
          't',
          `is ${observation.tMs} after ${lastMs} in the ${observation.arm} rows; expected times that do not go back (sort by t)`,
        );
      const { latency } = observation;
      if (latency !== null) {
        if (observations.latency !== null && observations.latency !== latency.kind)
          throw new DataMistake('buckets', 'is used in some rows and latencies in others; expected one of the two');
        observations.latency = latency.kind;
        for (const [bucket, count] of countsOf(latency, edgeOf)) {
          rows.latency.push(bucket * bucketUnit + count);
        }
      }
      if (observation.tMs !== lastMs) rows.distinctTimes += 1;
      rows.tMs.push(observation.tMs);
      rows.requests.push(observation.requests);
      rows.failures.push(observation.failures);
      rows.failedUnits.push(observation.failedUnits ?? Number.NaN);
      rows.latencyEnd.push(rows.latency.length);
    },
    finish: () => observations,
  };
}

function emptyRows(): ArmRows {
  return {
    tMs: createNumberColumn(),
    requests: createNumberColumn(),
    failures: createNumberColumn(),
    failedUnits: createNumberColumn(),
    latencyEnd: createNumberColumn(),
    latency: createNumberColumn(),
    distinctTimes: 0,
  };
}

function countsOf(latency: ObservedLatency, edgeOf: (edgeMs: number) => number): Iterable<readonly [number, number]> {
  if (latency.kind === 'buckets')
    // An empty bucket is an edge too: it tells where the requests of the next one are not.
    return latency.buckets.map(([edgeMs, count]) => [edgeOf(edgeMs), count] as const).filter(([, count]) => count > 0);
  const counts = new Map<number, number>();
  for (const valueMs of latency.valuesMs) {
    const bucket = latencyBucketOf(valueMs);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return counts;
}
