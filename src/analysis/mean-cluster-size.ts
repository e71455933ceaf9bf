/** So many lone failures the data are mixed with before they are believed, where nothing else is asked for. */
const shrinkUnits = 10;

/**
 * Failures per failing unit (failures of one client at one route within a second are one unit), shrunk towards 1; what numbers
 * of requests are divided by when units are counted. At least 1. Pure.
 *
 * (Σ failures + c)/(Σ units + c), c = 10, or `shrinkBy`: less where too small a size is the greater danger. Give it both arms together and only what was seen before the window that is judged.
 * Limits: units of one outage that hits many clients at once are still dependent.
 *
 * Example: nothing seen → 1; 100 failures in 20 units → 110/30 = 3.67.
 */
export function meanClusterSize(seen: { failures: number; units: number }, shrinkBy = shrinkUnits): number {
  return Math.max(1, (seen.failures + shrinkBy) / (seen.units + shrinkBy));
}
