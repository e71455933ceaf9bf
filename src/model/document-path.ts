/**
 * Why a path (from the project's folder) names no document that seatrial may change for people; null when it does. What it
 * leads to is looked at when it is used. Pure.
 */
export function documentPathRefusal(path: string): string | null {
  const parts = path.split(/[/\\]/);
  if (path.includes('\\') || /^[A-Za-z]:/.test(path) || path.startsWith('/') || parts.includes('..'))
    return 'documents lie inside the project and are named by their path from it';
  if (parts.some((part) => part.startsWith('.') || part === 'node_modules' || part === ''))
    return 'hidden folders and those of packages hold no documents';
  if (!/\.(md|mdx|markdown|txt|rst|adoc)$/i.test(path))
    return 'only documents are changed (.md, .mdx, .txt, .rst, .adoc)';
  return null;
}
