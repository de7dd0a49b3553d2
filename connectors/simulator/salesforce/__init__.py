"""The Salesforce stand-in: OAuth, the REST API, SOQL and the platform's own rules, from the documented wire only."""
