/** The answer of every small request: 82 bytes of JSON. */
export const smallBody: string =
	'{"id":7,"name":"Ada Lovelace","email":"ada@example.org","role":"admin","ok":true}\n';

/** What clients send beside host: few, as between services. */
export const clientHeaders: Readonly<Record<string, string>> = {
	"user-agent": "bench",
	accept: "application/json",
};

/** The key that the typed variants ask for. */
export const apiKeyValue = "bench-key-0123456789abcdef";

/** The secret and the token of the full variant are made from this, so that runner and contender agree. */
export const jwtSecret = "bench-secret-0123456789abcdef-0123456789abcdef";

/** A JSON body of exactly 1 KiB that the checked variants accept. */
export const jsonBody: string = kibibyte();

function kibibyte(): string {
	const user = {
		name: "Ada Lovelace",
		age: 36,
		email: "ada@example.org",
		active: true,
		tags: ["mathematics", "engines", "poetry"],
		address: { street: "12 St James's Square", city: "London", zip: "SW1" },
		notes: "",
	};
	user.notes = "n".repeat(1024 - JSON.stringify(user).length);
	return JSON.stringify(user);
}
