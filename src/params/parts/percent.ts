/** Whether every percent-encoding in a query or urlencoded form is whole and gives UTF-8. */
export function isDecodable(text: string): boolean {
	try {
		decodeURIComponent(text);
		return true;
	} catch {
		return false;
	}
}
