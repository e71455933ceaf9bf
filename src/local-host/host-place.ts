import { DeployError } from '../model/deploy-error.ts';
import type { Target } from '../model/target.ts';
import type { HostFiles } from './host/host-files.ts';
import type { HostSpec } from './host/host-spec.ts';

export type HostPlace = {
  files: HostFiles;
  spec: HostSpec;
  /** Starts the host's program detached from this process; returns when it has been started. */
  launchHost: () => Promise<void>;
};

const places = new WeakMap<Target, HostPlace>();

/** A target whose instances a local host looks after says so, for those who bring the host itself up and down. */
export function noteHostPlace(target: Target, place: HostPlace): void {
  places.set(target, place);
}

/** Whether a local host looks after the target's instances. */
export function hasHostPlace(target: Target): boolean {
  return places.has(target);
}

/** Where the local host of a target lies. Throws TARGET_REFUSED for a target that has none. */
export function hostPlaceOf(target: Target): HostPlace {
  const place = places.get(target);
  if (place === undefined)
    throw new DeployError('TARGET_REFUSED', {
      reason: `the target ${target.kind} has no local host`,
      remedy: 'Use its own tools.',
    });
  return place;
}
