// The nearest acceptance points: filled by the list of points where central serves one.

/** Return acceptance points as [{name, address}], the nearest first; an empty list where none can be shown. */
export async function nearestPoints() {
  return [];
}
