import { sameJson } from '../../api/same-json.ts';

/**
 * Fields that the API server fills in (admissionregistration.k8s.io/v1 defaults): with these values they are no
 * difference.
 */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  reinvocationPolicy: 'Never',
  scope: '*',
};

/**
 * The fields in which an object of the cluster differs from the shipped one, such as `spec.validations[2].expression`.
 * @param path of both
 */
export function differences(shipped: unknown, found: unknown, path: string): string[] {
  if (typeof shipped === 'string' && typeof found === 'string') return plain(shipped) === plain(found) ? [] : [path];
  if (sameJson(shipped, found)) return [];
  if (Array.isArray(shipped) && Array.isArray(found) && shipped.length === found.length) {
    return shipped.flatMap((item, index) => differences(item, found[index], `${path}[${index}]`));
  }
  if (!isObject(shipped) || !isObject(found)) return [path];
  const names = new Set([...Object.keys(shipped), ...Object.keys(found)]);
  return [...names].flatMap((name) => {
    const [one, other] = [shipped, found].map((object) => (Object.hasOwn(object, name) ? object[name] : undefined));
    const filledIn = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name] : undefined;
    return differences(one ?? filledIn, other ?? filledIn, `${path}.${name}`);
  });
}

/** YAML readers fold lines of an expression in different ways, and CEL does not look at them. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
