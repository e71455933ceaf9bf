import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { forbiddenReason } from './forbidden-address.ts';

/** Resolves every address of a host. */
export type Resolve = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

/**
 * How a connection finds its address: all addresses of the name are checked, and the connection goes to one of those that
 * were checked, so that a name cannot answer otherwise the second time. One forbidden address refuses the name.
 */
export function createCheckedLookup(resolve: Resolve = resolveAll): LookupFunction {
  return (host, options, callback) => {
    resolve(host, (error, addresses) => {
      const wrong = addresses.map(({ address }) => forbiddenReason(address)).find((reason) => reason !== null);
      const wanted = addresses.filter(({ family }) => !options.family || options.family === family);
      const [first] = wanted;
      if (error !== null) return callback(error, '', 0);
      if (wrong !== undefined && wrong !== null) return callback(new Error(`${host}: ${wrong}`), '', 0);
      if (first === undefined) return callback(new Error(`${host} has no address`), '', 0);
      if (options.all) callback(null, [...wanted]);
      else callback(null, first.address, first.family);
    });
  };
}

function resolveAll(host: string, done: Parameters<Resolve>[1]): void {
  lookup(host, { all: true, verbatim: true }, (error, addresses) => done(error, addresses ?? []));
}
