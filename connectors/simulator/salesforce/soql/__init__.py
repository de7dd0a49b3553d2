"""SOQL: text to tree (`parser`), names to fields (`resolve`), tree to SQL (`compile`), rows to JSON (`shape`).

The grammar and its rules are those of reference/salesforce.md section 3.
"""
