PRICES = {"tea": 3, "cake": 5}


def total(lines):
    return sum(PRICES[line["item"]] * line["count"] for line in lines)
