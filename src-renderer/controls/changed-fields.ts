/**
 * Those of `now` that differ from what stood there when the form was opened: what its user changed. The others are not sent, so
 * that what somebody else changed in the meantime stays. Values are compared as JSON.
 */
export function changedFields<Fields extends object>(opened: Fields, now: Fields): Partial<Fields> {
  const changed: Partial<Fields> = {};
  for (const name of keysOf(now)) if (JSON.stringify(now[name]) !== JSON.stringify(opened[name])) changed[name] = now[name];
  return changed;
}

function keysOf<Fields extends object>(fields: Fields): (keyof Fields)[] {
  const keys: (keyof Fields)[] = [];
  for (const name in fields) if (Object.hasOwn(fields, name)) keys.push(name);
  return keys;
}
