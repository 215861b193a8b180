from alphorn.mailauth.dkim.fields import MAX_INSTANCES, names_to_sign, select


def test_fields_are_oversigned() -> None:
    names = names_to_sign([b"From: a", b"Subject: b", b"Sender: c", b"List-Id: d", b"X-Other: e"])
    assert names.count("From") == 2
    assert names.count("Subject") == 2
    assert names.count("Sender") == 2
    assert names.count("Reply-To") == 1  # absent, and nobody may add one
    assert names.count("List-Id") == 1  # a mailing list may add its own
    assert names.count("In-Reply-To") == 0
    assert "X-Other" not in names


def test_names_are_compared_without_case_and_space() -> None:
    assert names_to_sign([b"FROM : a", b"no field at all"]).count("From") == 2


def test_instances_are_bounded() -> None:
    names = names_to_sign([b"From: a"] * (MAX_INSTANCES + 5))
    assert names.count("From") == MAX_INSTANCES + 1


def test_fields_are_selected_from_the_bottom() -> None:
    fields = [b"To: 1", b"From: 2", b"to: 3"]
    assert select(fields, ["To", "From", "To", "To", "Cc"]) == [b"to: 3", b"From: 2", b"To: 1"]
