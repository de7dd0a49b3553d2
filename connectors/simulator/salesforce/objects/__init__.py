"""What the objects of an org are: names, labels, types, lengths, picklists, references. Data, no behaviour."""
