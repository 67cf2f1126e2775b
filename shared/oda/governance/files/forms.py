"""The forms of ids, hashes and points of law, each with what to write in plain words."""

from __future__ import annotations

from types import MappingProxyType

ID = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
NAME = r"^[a-z][a-z0-9_]*$"
SHA256 = r"^[0-9a-f]{64}$"
# Article 6(1), by letter, as the Data Privacy Vocabulary names its points; (ea) has no term there yet.
ARTICLE_6 = r"^(A6-1-(a|b|c|d|e|ea|f)(-[a-z-]+)?|law_enforcement)$"
ARTICLE_9 = r"^(none|A9-2-[a-j](-[a-z-]+)?)$"
CATEGORY = r"^(user|system)(\.[a-z_]+)*$"

FORMS = MappingProxyType(
    {
        ID: "Write small letters, digits and single hyphens, a letter first, such as fire-service",
        NAME: "Write small letters, digits and underscores, a letter first, such as fire_visits",
        SHA256: "Write the SHA-256 of the file: 64 characters, each 0 to 9 or a to f",
        ARTICLE_6: (
            "Write A6-1-e for a public task, A6-1-c for a legal duty, A6-1-a for consent, "
            "and so on by the letter of Article 6(1), or law_enforcement"
        ),
        ARTICLE_9: (
            "Write A9-2-h for health or social care, A9-2-g for substantial public interest, "
            "and so on by the letter of Article 9(2), or none"
        ),
        CATEGORY: "Write a category such as user.name, user.contact.address or user.health_and_medical",
    }
)
