/** Puts the focus on the first field with a problem, so that who pressed Save is led to what keeps it. */
export function focusProblem(within: ParentNode | null): void {
  within?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
