"""What the merchant does with articles and price lists by hand, and sees of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.economic.simulator.agreement import Row, rate
from connectors.economic.simulator.hooks import Hooks
from connectors.economic.simulator.stock import available, keeps_stock, ordered_by_customers
from connectors.sandbox import SeenArticle

#: The price group whose special prices are the campaign prices.
CAMPAIGN = 2

#: What the article is called here → there.
_NAMES = {"name": "name", "text": "description", "ean": "barCode"}


class Goods(Hooks):
    """The merchant's side of the simulator, as far as articles go. Prices are without VAT, in the base currency."""

    def articles(self) -> list[SeenArticle]:
        """Every article, by its number."""
        with self.lock:
            ordered = ordered_by_customers(self.agreement)
            return [self._seen_article(row, ordered) for _, row in sorted(self.agreement.products.items())]

    def add_article(self, article_number: str, **fields: Any) -> str:
        """An article with fields of `SeenArticle`. A `quantity` turns the stock of the Inventory module on."""
        with self.lock:
            self.add_product(article_number, fields.pop("name", ""))
            self.change_article(article_number, **fields)
            return article_number

    def change_article(self, article_number: str, **fields: Any) -> None:
        """Fields of `SeenArticle` are different from now on."""
        with self.lock:
            key = article_number.casefold()
            row = {**self.agreement.products[key], "lastUpdated": self.now().strftime("%Y-%m-%dT%H:%M:00Z")}
            row |= {there: fields.pop(here) for here, there in _NAMES.items() if here in fields}
            if "regular" in fields:
                row["salesPrice"] = Decimal(fields.pop("regular"))
            if "active" in fields:
                row["barred"] = not fields.pop("active")
            if "unit" in fields:
                name = fields.pop("unit")
                row["unit"] = {"unitNumber": next(n for n, unit in self._units().items() if unit == name)}
            if "vat_rate" in fields:
                wanted = fields.pop("vat_rate")
                row["productGroup"] = {"productGroupNumber": next(n for n in range(1, 5) if rate(1, n) == wanted)}
            self.agreement.products[key] = row
            if "sale" in fields:
                self.take_out_of_group(article_number, CAMPAIGN)
                if (sale := fields.pop("sale")) is not None:
                    self.price_in_group(article_number, CAMPAIGN, amount=sale)
            if (quantity := fields.pop("quantity", None)) is not None:
                self.agreement.has_stock = True
                ordered = ordered_by_customers(self.agreement).get(key, Decimal(0))
                self.agreement.in_stock[key] = Decimal(quantity) + ordered
            if fields:
                raise TypeError(f"e-conomic's articles have no {', '.join(fields)}")

    def remove_article(self, article_number: str) -> None:
        with self.lock:
            del self.agreement.products[article_number.casefold()]
            self.agreement.in_stock.pop(article_number.casefold(), None)

    def price_in_group(
        self, article_number: str, group: int, *, amount: Decimal | None = None, percent: Decimal | None = None
    ) -> int:
        """A special price in a price group, in place of any other: an amount or a percentage off. Its number."""
        with self.lock:
            self.take_out_of_group(article_number, group)
            prices = self.agreement.special_prices
            number = max(prices, default=0) + 1
            prices[number] = {"priceGroup": group, "productNumber": article_number, "currencies": {}}
            if amount is not None:
                prices[number]["salesPriceBaseCurrency"] = Decimal(amount)
            else:
                prices[number]["discountPercentage"] = Decimal(percent or 0)
            return number

    def take_out_of_group(self, article_number: str, group: int) -> None:
        with self.lock:
            prices = self.agreement.special_prices
            self.agreement.special_prices = {
                number: price
                for number, price in prices.items()
                if (price["priceGroup"], price["productNumber"].casefold()) != (group, article_number.casefold())
            }

    def price_in_currency(self, article_number: str, currency: str, amount: Decimal, *, special: int | None = None) -> None:
        """What an article costs in another currency; with `special`, what that special price is there."""
        with self.lock:
            if special is None:
                self.agreement.currency_prices[article_number, currency] = Decimal(amount)
            else:
                self.agreement.special_prices[special]["currencies"][currency] = Decimal(amount)

    def _units(self) -> dict[int, str]:
        return {row["unitNumber"]: row["name"] for row in self.agreement.lists["units"][1]}

    def _seen_article(self, row: Row, ordered: dict[str, Decimal]) -> SeenArticle:
        campaign = (
            price.get("salesPriceBaseCurrency")
            for price in self.agreement.special_prices.values()
            if (price["priceGroup"], price["productNumber"].casefold()) == (CAMPAIGN, row["productNumber"].casefold())
        )
        return SeenArticle(
            target_id=row["productNumber"],
            article_number=row["productNumber"],
            name=row["name"],
            regular=row.get("salesPrice"),
            sale=next(campaign, None),
            quantity=available(row, self.agreement, ordered) if keeps_stock(row, self.agreement) else None,
            text=row.get("description", ""),
            ean=row.get("barCode", ""),
            unit=self._units().get((row.get("unit") or {}).get("unitNumber", 0), ""),
            vat_rate=rate(1, row["productGroup"]["productGroupNumber"]),
            active=not row["barred"],
        )
