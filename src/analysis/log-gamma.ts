/**
 * ln Γ(x) for x > 0. Pure.
 *
 * Stirling's series after shifting x to at least 10. Relative error of Γ below 1e-10 for x below 1e5; above, rounding of the
 * result itself (1e-16 of it) is what remains.
 *
 * Example: `lnGamma(0.5)` = ln √π = 0.5723649429…
 */
export function lnGamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < 10) {
    shift += Math.log(y);
    y += 1;
  }
  const inverse = 1 / (y * y);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
