"""The codes in the files of `governance/` in plain words, for the page that a signer reads and for the exports."""

from __future__ import annotations

# Article 6(1) and 9(2), by letter.
BASES = {
    "a": "consent: the person said yes",
    "b": "a contract with the person",
    "c": "a legal duty: the law says it must be done",
    "d": "to protect someone's life",
    "e": "a public task: work that the law gives to a public body",
    "ea": "a recognised legitimate interest: a public body asked for the data for its public task",
    "f": "a legitimate interest, weighed against people's rights",
    "law_enforcement": "law enforcement: to prevent, find or prosecute crime",
}
CONDITIONS = {
    "a": "the person gave explicit consent",
    "b": "employment, social security or social protection law",
    "c": "to protect someone's life",
    "d": "a not-for-profit body and its members",
    "e": "the person made it public",
    "f": "legal claims or courts",
    "g": "a substantial public interest set out in law",
    "h": "health or social care",
    "i": "public health",
    "j": "archives, research or statistics",
}
FREQUENCIES = {
    "once": "once",
    "daily": "every day",
    "weekly": "every week",
    "monthly": "every month",
    "quarterly": "every three months",
    "yearly": "every year",
    "ad_hoc": "when it is needed",
}
METHODS = {
    "secure_file_transfer": "by secure file transfer",
    "physical": "on a device handed over",
    "third_party_software": "through another company's software",
    "portal": "through a secure website",
    "api": "from system to system",
}
DISPOSALS = {
    "secure_delete": "securely deleted",
    "return": "given back",
    "certified_destruction": "destroyed, with a certificate",
}
KINDS_OF_BODY = {
    "local_authority": "a council",
    "combined_authority": "a combined authority",
    "police": "a police force",
    "fire": "a fire and rescue service",
    "nhs": "a part of the NHS",
    "education": "a school, college or other place of education",
    "central_government": "a part of central government",
    "housing_association": "a housing association",
    "charity": "a charity",
    "company": "a company",
    "university": "a university",
}
ITEMS = {
    "dob": "date of birth",
    "uprn": "number of the property (UPRN)",
    "nhs_number": "NHS number",
    "lsoa": "small area (LSOA)",
    "upn": "pupil number",
    "nino": "National Insurance number",
}
KINDS_OF_DATA = {
    "identifiable": "data that name or point to a person",
    "pseudonymised": "data with names taken out, which could still be linked back to a person",
    "anonymous": "data that point to no person",
    "synthetic": "made-up data",
}
ROUTES = {
    "consent": "consent",
    "direct_care": "direct care",
    "s251": "section 251 support",
    "public_interest": "public interest",
    "not_owed": "none owed",
}
DECIDERS = {
    "caldicott_guardian": "Caldicott Guardian",
    "igl": "information governance lead",
    "dpo": "data protection officer",
}
NATIONAL_OPT_OUTS = {
    "check": "still being checked",
    "applied": "applied",
    "does_not_apply": "does not apply",
}
OBJECTIONS = {"honoured": "honoured", "does_not_apply": "does not apply"}
# How people come to be reached, by the mode in project.yml.
MODES = {
    "invite": "People are told of the offer by those who know them already, and ask for it themselves: "
    "nobody hands a list of people over.",
    "share": "Names and addresses are handed to those who make the offer.",
}
GIVERS = {
    "sender": "the sender",
    "person": "the people themselves, once the sender has told them of the offer",
}
# Criminal offence data that do not go by law enforcement.
OFFENCE_ROUTES = {
    "none": "none",
    "official_authority": "under the control of official authority",
    "sch1": "a condition of Schedule 1",
}
SCHEMES = {
    "dspt": "NHS Data Security and Protection Toolkit",
    "cyber_essentials": "Cyber Essentials",
    "cyber_essentials_plus": "Cyber Essentials Plus",
    "iso27001": "ISO 27001",
}
# What a pilot does, by the flags in project.yml.
FLAGS = {
    "special_category": "special category data are used",
    "criminal_offence": "criminal offence data are used",
    "children": "data about children are used",
    "health_confidential": "confidential health data are used",
    "person_level_output": "output about single people is planned",
    "predictive_model": "a predictive model is planned",
    "central_gov": "a part of central government takes part",
    "dea_power": "data are shared under the Digital Economy Act 2017",
    "vcs_partner": "a voluntary or community organisation takes part",
    "single_controller": "one controller alone takes part",
    "automated_decision": "decisions about people are taken by machine",
    "linkage": "data are linked across controllers",
    "synthetic_from_real": "synthetic data were made from real rows",
}
